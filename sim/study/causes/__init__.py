"""Where an effect comes from: every mixture of causes on the same luck, and the share of each cause."""
