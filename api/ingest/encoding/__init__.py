"""Encodings of texts: recognised by plausibility, and decoded."""
