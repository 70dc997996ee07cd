"""Formats that are read in a process of their own; its side is in parsing/."""
