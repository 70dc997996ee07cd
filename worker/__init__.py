"""Celery workers: they load the model, fork, and classify what the job store holds."""
