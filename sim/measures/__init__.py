"""From what happened to what it means: the measures of one replication."""
