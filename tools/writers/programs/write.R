# write.csv, write.csv2 and write.table of R with their defaults: Rscript write.R FOLDER
folder <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(folder, "items.R"), encoding = "UTF-8")
version <- paste(R.version$major, R.version$minor, sep = ".")
write_and_report <- function(format, suffix, write, ...) {
  name <- paste0("R-", gsub("[^A-Za-z0-9.]", "_", format), ".", suffix)
  write(rows, file.path(folder, name), ...)
  cat(sprintf('["R", "%s", "%s", "%s", ""]\n', version, format, name))
}
write_and_report("write.csv", "csv", write.csv)
write_and_report("write.csv without row names", "csv", write.csv, row.names = FALSE)
write_and_report("write.csv2", "csv", write.csv2, row.names = FALSE)
write_and_report("write.table", "txt", write.table)
write_and_report("write.table, tabs, escapes", "tsv", write.table, row.names = FALSE, sep = "\t")
write_and_report("write.table, tabs, no quotes", "tsv", write.table, row.names = FALSE, sep = "\t", quote = FALSE)
