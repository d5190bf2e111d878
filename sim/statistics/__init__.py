"""Statistics of replications, and designs of experiments: numbers in, numbers out, and no model."""
