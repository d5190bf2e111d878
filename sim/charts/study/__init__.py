"""Charts of a study."""
