"""Tells webhooks of the end of jobs: `python -m webhooks`, as many processes as wanted."""
