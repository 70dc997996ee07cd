"""sentiq on one machine with one command: `make run`."""
