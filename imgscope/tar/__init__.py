"""The tar format itself: one member's headers, of every dialect. Knows nothing of images or layers."""
