"""The view of a fleet's store: repositories, images, layers."""
