"""Thin command-line applications, one per command."""
