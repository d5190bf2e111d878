"""Pilot designs compared with the first of them."""
