"""What `wangge sweep` is made of: factors and points of a study, the runs they need, and what comes out."""
