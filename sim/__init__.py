"""Wangge: how residents' requests are served by a city's neighbourhood administration."""

MODEL_VERSION = "2"  # raised whenever the same config would give another answer
