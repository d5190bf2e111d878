"""Examples to copy: each is a script that runs in any folder and writes into `results/` there."""
