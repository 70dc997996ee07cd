"""Phrases that set some rows of a job apart from others, found in a process of their own."""
