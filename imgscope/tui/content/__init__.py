"""Files' contents and the differences between them."""
