"""The file tree and its filter."""
