"""Any network of queues, written in YAML."""
