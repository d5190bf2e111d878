"""From a pilot design and its residents to a network that an engine can run."""
