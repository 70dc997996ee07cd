"""sentiq-cascade: fits a pair of models, so that the faster one answers as much as a bound allows."""
