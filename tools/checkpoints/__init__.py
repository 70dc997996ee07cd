"""Small random checkpoints of every kind that sentiq-prepare takes, and the table of how close it comes to them."""
