"""What every process needs: settings, errors, logs, Redis, keys of the API. Knows nothing else of ours."""
