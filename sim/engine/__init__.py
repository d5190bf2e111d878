"""Engines: pure functions from a network and a horizon to visits and spells."""
