"""Files to rows: formats, encodings and columns are recognised, and rows are read while the bytes arrive."""
