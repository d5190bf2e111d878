"""The replications of a study: what is run, how precisely, and what is chosen."""
