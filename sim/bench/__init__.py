"""The benchmark: the same workloads in several tools, each timed in a process of its own."""
