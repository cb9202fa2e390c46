"""The baseline that growth is measured against: what it tells, how it is made of an image, and its file."""
