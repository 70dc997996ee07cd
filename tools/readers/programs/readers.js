// Prints the rows of a file as JSON: node readers.js NAME FILE.
const fs = require("node:fs");

const [name, path] = process.argv.slice(2);
const text = () => fs.readFileSync(path, "utf8").replace(/^\uFEFF/, "");

const READERS = {
  xlsx: () => {
    const XLSX = require("xlsx");
    const book = XLSX.readFile(path, { cellDates: true });
    return XLSX.utils.sheet_to_json(book.Sheets[book.SheetNames[0]], { header: 1, defval: null });
  },
  exceljs: async () => {
    const book = new (require("exceljs").Workbook)();
    await book.xlsx.readFile(path);
    const rows = [];
    book.worksheets[0].eachRow((row) => rows.push(row.values.slice(1)));
    return rows;
  },
  "read-excel-file": async () => {
    const { readSheet } = require("read-excel-file/node");
    return readSheet(path);
  },
  "csv-parse": () => require("csv-parse/sync").parse(fs.readFileSync(path), { bom: true }),
  papaparse: () => require("papaparse").parse(text(), { skipEmptyLines: true }).data,
  json: () =>
    text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
};

Promise.resolve(READERS[name]()).then((rows) => console.log(JSON.stringify(rows)));
