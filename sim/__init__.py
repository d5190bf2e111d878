"""Wangge: how residents' requests are served by a city's neighbourhood administration."""
