"""What serves whoever works on the service, not the service itself."""
