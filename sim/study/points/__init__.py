"""The points of a study: factors, settings and designs, decided before anything is run."""
