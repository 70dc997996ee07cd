/** How a file will be read: what was recognised, the choices one has, and its first rows. */
import { fill, h } from "../dom.js";
import { bytes, number, t } from "../i18n.js";
import { field, select } from "./field.js";
import { noticeBoard } from "./notice.js";

const ENCODINGS = ["utf-8", "gb18030", "utf-16"];
const DELIMITERS = { ",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe" };

/**
 * @param {Object} upload the document of /api/v1/uploads
 * @param {function(Object): Promise<Object>} readAgain gives the document of another reading
 * @returns {{element, reading: function(): Object, place: function(Object): ?string}} `reading()`: the options of a job
 */
export function preview(upload, readAgain) {
  const asked = {}; // what was chosen otherwise than recognised
  const element = h("section", { "aria-labelledby": "preview-title" });
  const heading = h("h2", { id: "preview-title", tabindex: "-1" }, t("preview.title"));
  const facts = h("dl", { class: "facts" });
  const pickers = h("div", { class: "fields" });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("preview.table") });
  const board = noticeBoard();
  let names = {};

  async function change(name, value) {
    if (value === "") delete asked[name];
    else asked[name] = value;
    if (name === "sheet" || name === "has_header" || name === "delimiter") {
      delete asked.text_column; // the columns are others
      delete asked.id_column;
    }
    board.clear();
    element.setAttribute("aria-busy", "true");
    try {
      upload = await readAgain(asked);
      draw();
    } catch (error) {
      board.show(error, { place });
    } finally {
      element.removeAttribute("aria-busy");
    }
  }

  function draw() {
    const { format } = upload;
    fill(
      facts,
      fact(t("preview.format"), [format.format.toUpperCase(), format.compression].filter(Boolean).join(", ")),
      format.encoding && fact(t("preview.encoding"), format.encoding),
      format.delimiter && fact(t("preview.delimiter"), delimiterName(format.delimiter)),
      fact(t("preview.columns"), number(upload.columns.length)),
    );
    names = {};
    fill(pickers, Object.entries(choices()).map(([name, [words, options, value]]) => {
      const id = `reading-${name}`;
      names[name] = words;
      const control = select(options, { id, onchange: (event) => change(name, event.target.value) });
      control.value = value;
      return field(words, control);
    }));
    fill(table, rows());
  }

  function choices() {
    const { format, columns, sheets } = upload;
    const isTable = ["csv", "tsv", "xlsx"].includes(format.format);
    const isText = ["csv", "tsv", "txt"].includes(format.format);
    const of = (name) => String(asked[name] ?? "");
    const found = {};
    const references = columns.map((column) => [reference(column, columns, format), column.name || t("preview.column", { number: column.number })]);
    if (sheets.length > 1) found.sheet = [t("preview.sheet"), sheets.map((name, at) => [String(at + 1), name]), of("sheet") || String(sheets.indexOf(format.sheet) + 1)];
    if (isTable) {
      const at = (name) => references[columns.findIndex((column) => column.name === name)]?.[0] ?? "";
      found.text_column = [t("preview.text_column"), references, of("text_column") || at(format.text_column)];
      found.id_column = [t("preview.id_column"), [["", t("preview.no_column")], ...references], of("id_column") || (format.id_column ? at(format.id_column) : "")];
      found.has_header = [t("preview.header"), [["true", t("yes")], ["false", t("no")]], String(format.has_header)];
    }
    if (isText) found.encoding = [t("preview.encoding"), [["", t("preview.recognised", { what: format.encoding })], ...ENCODINGS.map((name) => [name, name])], of("encoding")];
    if (format.format === "csv") found.delimiter = [t("preview.delimiter"), [["", t("preview.recognised", { what: delimiterName(format.delimiter) })], ...Object.keys(DELIMITERS).map((d) => [d, delimiterName(d)])], of("delimiter")];
    return found;
  }

  function rows() {
    const { format, columns } = upload;
    const role = (column) => [format.text_column === column.name && t("preview.is_text"), format.id_column === column.name && t("preview.is_id")].find(Boolean);
    return h(
      "table",
      {},
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: role(column) && "chosen" }, column.name || t("preview.column", { number: column.number }), role(column) && [" ", h("span", { class: "badge" }, role(column))])))),
      h("tbody", {}, upload.preview.map((cells) => h("tr", {}, columns.map((column, at) => h("td", { class: role(column) && "chosen" }, cells[at] ?? ""))))),
    );
  }

  function reading() {
    const chosen = { ...asked };
    const text = document.getElementById("reading-text_column");
    if (text?.value) chosen.text_column = text.value; // what is shown is what is done
    if ("has_header" in chosen) chosen.has_header = chosen.has_header === "true";
    return chosen;
  }

  function place({ pointer }) {
    return names[(pointer ?? "").slice(1)] ?? null;
  }

  draw();
  element.append(heading, facts, pickers, board.element, table, h("p", { class: "muted" }, t("preview.first", { name: upload.filename, size: bytes(upload.bytes) })));
  return { element, reading, place };
}

function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function delimiterName(delimiter) {
  return delimiter in DELIMITERS ? t(`delimiter.${DELIMITERS[delimiter]}`) : delimiter;
}

/** How a column is named to the service: by its heading where that is clear, else by its number. */
function reference(column, columns, format) {
  const clear = format.has_header && column.name && columns.filter(({ name }) => name === column.name).length === 1;
  return clear ? column.name : String(column.number);
}
