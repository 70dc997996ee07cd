"""The dashboard of Celery's side of a cluster: docs/flower.md."""
