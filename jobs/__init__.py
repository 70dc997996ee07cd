"""What the API and the workers share: settings, errors, values, keys and the job store.

Nothing here knows Flask, Celery or the engine.
"""
