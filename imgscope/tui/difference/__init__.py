"""The interactive view of what differs between two images."""
