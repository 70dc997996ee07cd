"""What the records of a table mean: headings, texts, ids, and rows."""
