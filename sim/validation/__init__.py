"""Cases with known answers: the engines and measures held to queueing theory and to published models.

A case is a YAML file of `configs/validation/`: a network as in `configs/network/`, and what it is expected to
give, each value with its source: a closed form by name (`formulas`), a number, or both. What is known of an analysis
and not of a network is a Python function (`checks`).
"""
