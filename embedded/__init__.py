"""The service in one process without Redis: `sentiq serve --embedded`, or `python -m embedded`."""
