"""What must hold of the record of a run, checked after every replication and in tests."""
