"""Teaching a small model what a large one answers; needs torch, which the service does not."""
