"""What holds for every request: who may ask, bodies, headers, errors, times, and gunicorn's worker."""
