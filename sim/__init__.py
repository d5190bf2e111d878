"""Wangge: how residents' requests are served by a city's neighbourhood administration."""

MODEL_VERSION = "3"  # raised whenever the same config would give another answer
