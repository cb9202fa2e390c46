"""The list of layers."""
