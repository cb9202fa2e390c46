"""Other tools' figures and formats, kept apart from ours."""
