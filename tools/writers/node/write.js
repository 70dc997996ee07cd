// Writers from npm, with their defaults: node write.js FOLDER, in a folder where they are installed.
// Standard output has a JSON line for each file, as written.py says.
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const folder = process.argv[2];
const { headings, items } = JSON.parse(readFileSync(join(folder, "items.json"), "utf8"));
const records = items.map((item) => ({ [headings[0]]: item.id, [headings[1]]: item.text, [headings[2]]: item.rating }));
const rows = records.map((record) => Object.values(record));
const table = [headings, ...rows];
// JavaScript has no whole numbers of 18 digits: this is what JSON.parse makes of an id that is a number.
const rounded = records.map((record) => ({ ...record, [headings[0]]: Number(record[headings[0]]) }));

async function report(writer, format, suffix, write) {
  const name = `${writer}-${format}.${suffix}`.replaceAll(/[ ,/@]/g, "_");
  const { version } = JSON.parse(readFileSync(`node_modules/${writer}/package.json`, "utf8"));
  let reason = "";
  try {
    const content = await write(join(folder, name));
    if (content !== undefined && !existsSync(join(folder, name))) writeFileSync(join(folder, name), content);
  } catch (error) {
    reason = String(error).slice(0, 200);
  }
  console.log(JSON.stringify([writer, version, format, reason ? "" : name, reason]));
}

for (const writer of ["xlsx", "xlsx-js-style"]) {
  const book = (values) => {
    const { utils } = require(writer);
    const made = utils.book_new();
    utils.book_append_sheet(made, utils.json_to_sheet(values), "评价");
    return made;
  };
  const save = (bookType, values) => (path) => require(writer).writeFile(book(values), path, { bookType });
  await report(writer, "xlsx", "xlsx", save("xlsx", records));
  await report(writer, "xlsx, ids as numbers", "xlsx", save("xlsx", rounded));
  if (writer === "xlsx") {
    for (const kind of ["xlsb", "xlsm", "ods", "fods", "csv", "html", "txt"]) {
      await report(writer, kind, kind, save(kind, records));
    }
    await report(writer, "xls", "xls", save("biff8", records));
    await report(writer, "xls, XML of 2003", "xls", save("xlml", records));
    await report(writer, "csv, ids as numbers", "csv", save("csv", rounded));
  }
}

for (const kind of ["xlsx", "csv"]) {
  await report("exceljs", kind, kind, async (path) => {
    const { Workbook } = require("exceljs");
    const book = new Workbook();
    book.addWorksheet("评价").addRows(table);
    await book[kind].writeFile(path);
  });
}
await report("write-excel-file", "xlsx", "xlsx", async (path) => {
  const write = require("write-excel-file/node");
  const written = (write.default ?? write)(table.map((row) => row.map((value) => ({ value }))));
  await (written.toFile ? written.toFile(path) : written);
});
await report("xlsx-populate", "xlsx", "xlsx", async (path) => {
  const book = await require("xlsx-populate").fromBlankAsync();
  book.sheet(0).cell("A1").value(table);
  await book.toFileAsync(path);
});
await report("papaparse", "csv", "csv", () => require("papaparse").unparse(records));
await report("papaparse", "tsv", "tsv", () => require("papaparse").unparse(records, { delimiter: "\t" }));
await report("csv-stringify", "csv", "csv", () => require("csv-stringify/sync").stringify(records, { header: true }));
await report("fast-csv", "csv", "csv", () => require("fast-csv").writeToString(records, { headers: true }));
await report("json2csv", "csv", "csv", () => new (require("json2csv").Parser)().parse(records));
await report("json-2-csv", "csv", "csv", () => require("json-2-csv").json2csv(records));
await report("objects-to-csv", "csv", "csv", (path) => new (require("objects-to-csv"))(records).toDisk(path));
await report("csv-writer", "csv", "csv", (path) => {
  const header = headings.map((title) => ({ id: title, title }));
  return require("csv-writer").createObjectCsvWriter({ path, header }).writeRecords(records);
});
await report("d3-dsv", "csv", "csv", async () => {
  const { csvFormat } = await import(join(process.cwd(), "node_modules/d3-dsv/dist/d3-dsv.mjs"));
  return csvFormat(records);
});
await report("ndjson", "json lines", "jsonl", async () => {
  const stream = require("ndjson").stringify();
  const lines = [];
  stream.on("data", (line) => lines.push(line));
  const ended = once(stream, "end");
  for (const record of records) stream.write(record);
  stream.end();
  await ended;
  return lines.join("");
});
