"""Real writers of files, each with its defaults: what the service makes of what they write (docs/writers.md)."""
