"""What an image could do without: the findings of suggest."""
