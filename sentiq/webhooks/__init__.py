"""Tells webhooks of the end of jobs: `python -m sentiq.webhooks`, as many processes as wanted."""
