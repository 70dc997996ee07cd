"""What the parent of a worker does: it loads the model, forks children and looks after them. It classifies nothing."""
