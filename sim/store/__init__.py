"""Results on disk: the only writer of results."""
