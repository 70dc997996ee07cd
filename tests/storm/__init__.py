"""Faults over a real cluster under load: `python -m tests.storm`. Nothing may be lost, doubled or mixed up."""
