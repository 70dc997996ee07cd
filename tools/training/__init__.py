"""Makes the bundled model from labelled texts: `python -m tools.training --help`. Needs torch; the service does not."""
