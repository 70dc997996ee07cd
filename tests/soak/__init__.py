"""A mixed load for a while: does anything grow? `python -m tests.soak`."""
