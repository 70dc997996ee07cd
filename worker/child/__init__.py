"""What a child of a worker does: it classifies chunks and reports them."""
