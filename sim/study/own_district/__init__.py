"""A district of one's own: the folder of its files, and the invented town that stands in them at first."""
