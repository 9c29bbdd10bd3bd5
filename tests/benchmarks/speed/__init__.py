"""How fast, how much memory: see `__main__`, run as ``python -m tests.benchmarks.speed``."""
