"""The points of a study: factors, settings and designs, fixed before anything is run."""
