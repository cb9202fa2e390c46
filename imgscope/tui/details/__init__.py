"""What is known of the selected layer, of the image, and of one path's history."""
