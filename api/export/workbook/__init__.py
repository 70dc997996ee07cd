"""Results as an XLSX workbook for people: rows, a summary with a chart, in English or Chinese."""
