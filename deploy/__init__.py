"""Ways to run sentiq."""
