"""Where an effect comes from: every mixture of causes on the same draws, and the share of each cause."""
