"""Time as whole ticks, and everything random, drawn before an engine runs."""
