"""The container formats of images: docker-archive, OCI layout, and both in one. Knows nothing of a layer's entries."""
