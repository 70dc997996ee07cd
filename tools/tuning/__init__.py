"""Teaching a model with labels of one's own; needs torch and peft, which the service does not."""
