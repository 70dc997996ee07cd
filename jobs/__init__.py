"""Code that the API and the workers share: settings, errors, data types, keys and the job store.

It imports neither Flask nor Celery nor the engine.
"""
