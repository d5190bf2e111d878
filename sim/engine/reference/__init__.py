"""The engine that is written to be read beside the contract."""
