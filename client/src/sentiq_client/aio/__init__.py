"""The async half of the client, under asyncio and trio. `client/unasync.py` makes the other half of it (ADR 35)."""
