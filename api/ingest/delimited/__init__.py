"""CSV, TSV and plain text, in every dialect."""
