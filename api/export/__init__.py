"""Results on their way out: rows read chunk by chunk, filtered, and written as NDJSON, CSV or XLSX."""
