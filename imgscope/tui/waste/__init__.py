"""The list of wasted files."""
