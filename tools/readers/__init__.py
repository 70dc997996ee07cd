"""Reads results back with other programs, and compares what they found."""
