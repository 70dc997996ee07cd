"""JSON lines, arrays and documents as files."""
