"""Run until the half-widths that were asked for are reached: what is met, and how many replications to run next."""
