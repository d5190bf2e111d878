"""What a run leaves in its results folder beside its tables: what it had to say, and its charts."""
