"""Makes the bundled model from labelled texts: `python -m training --help`. Needs torch; the service does not."""
