"""What is known of images in general: where tools keep what, in the globs of ``globs``. Data, and no logic."""
