"""What a running container sees of a merged tree: where its paths lead, and who its processes are."""
