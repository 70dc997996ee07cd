"""What arrives: forms, archives, and what a file is by its first bytes."""
