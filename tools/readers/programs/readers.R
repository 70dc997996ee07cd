# Prints the rows of a file as hexadecimal bytes, cells by tabs: Rscript readers.R NAME FILE.
args <- commandArgs(TRUE)
rows <- switch(args[1],
  readxl = readxl::read_excel(args[2], col_names = FALSE, col_types = "text", trim_ws = FALSE, .name_repair = "minimal"),
  openxlsx = openxlsx::read.xlsx(args[2], colNames = FALSE, skipEmptyCols = FALSE),
  read.csv = read.csv(args[2], header = FALSE, colClasses = "character", fileEncoding = "UTF-8-BOM"))
hex <- function(cell) if (is.na(cell)) "" else paste(charToRaw(enc2utf8(as.character(cell))), collapse = "")
for (n in seq_len(nrow(rows))) cat(paste(vapply(rows[n, ], hex, ""), collapse = "\t"), "\n", sep = "")
