"""The commands of `wangge`: each a module of its own, which `experiments.main` loads by its name."""
