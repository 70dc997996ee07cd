"""Finds the phrases that set some texts apart from others: pure functions, for a process of its own."""
