"""What the interactive view shows, without any terminal: columns over all paths, views of layers, visible rows."""
