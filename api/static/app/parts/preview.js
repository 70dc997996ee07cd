/** How a file will be read: what was recognised, the choices one has, and its first rows. */
import { fill, h } from "../dom.js";
import { bytes, number, t } from "../i18n.js";
import { field, select } from "./field.js";
import { noteList } from "./notes.js";
import { noticeBoard } from "./notice.js";
import { pair, tablePlace } from "./table.js";

const ENCODINGS = ["utf-8", "gb18030", "big5", "utf-16"];
const CHANGES_COLUMNS = new Set(["sheet", "has_header", "delimiter", "quotes"]);
/** @type {Record<string, string>} */
const DELIMITERS = { ",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe" };

/** @typedef {[value: string, words: string]} Option */

/**
 * @param {UploadDocument} upload the document of /api/v1/uploads
 * @param {(reading: Record<string, string>) => Promise<UploadDocument>} readAgain gives the document of another reading
 * @param {(busy: boolean) => unknown} busy called when that begins and ends
 */
export function preview(upload, readAgain, busy) {
  /** @type {Record<string, string>} */
  const asked = {}; // what was chosen otherwise than recognised
  const element = h("section", { "aria-labelledby": "preview-title" });
  const heading = h("h2", { id: "preview-title", tabindex: "-1" }, t("preview.title"));
  const facts = h("dl", { class: "facts" });
  const pickers = h("div", { class: "fields" });
  const table = tablePlace(t("preview.table"));
  const notes = noteList();
  const board = noticeBoard();
  /** @type {Record<string, string>} */
  let names = {};
  let version = 0; // of what was chosen: an older answer is dropped

  /**
   * @param {string} name
   * @param {string} value
   */
  async function change(name, value) {
    if (value === "") delete asked[name];
    else asked[name] = value;
    if (CHANGES_COLUMNS.has(name)) {
      delete asked.text_column; // the columns are others
      delete asked.id_column;
    }
    board.clear();
    element.setAttribute("aria-busy", "true");
    busy(true);
    const mine = ++version;
    try {
      const found = await readAgain(asked);
      if (mine !== version) return;
      upload = found;
      draw();
    } catch (error) {
      if (mine === version) board.show(error, { place });
    } finally {
      if (mine === version) {
        element.removeAttribute("aria-busy");
        busy(false);
      }
    }
  }

  function draw() {
    const { format } = upload;
    fill(
      facts,
      pair(t("preview.format"), [format.format.toUpperCase(), format.compression].filter(Boolean).join(", ")),
      format.encoding && pair(t("preview.encoding"), format.encoding),
      format.delimiter && pair(t("preview.delimiter"), delimiterName(format.delimiter)),
      pair(t("preview.columns"), number(upload.columns.length)),
    );
    names = {};
    const controls = choices().map(([name, words, options, value]) => {
      names[name] = words;
      const control = select(options, { id: `reading-${name}`, onchange: () => change(name, control.value) });
      control.value = value;
      return field(words, control);
    });
    fill(pickers, controls);
    notes.update({ file: format });
    fill(table, rows());
  }

  /** What can be read otherwise. */
  function choices() {
    const { format, columns, sheets } = upload;
    const kind = format.format;
    const of = (/** @type {string} */ name) => String(asked[name] ?? "");
    /** @type {Option[]} */
    const headings = columns.map((column) => [reference(column, columns, format), columnName(column)]);
    const at = (/** @type {number | null} */ number) => headings[(number ?? 0) - 1]?.[0] ?? "";
    /** @type {(what: string | null) => Option} */
    const recognised = (what) => ["", t("preview.recognised", { what })];
    /** @type {Array<[name: string, words: string, options: Option[], shown: string]>} */
    const found = [];
    if (sheets.length > 1) {
      /** @type {Option[]} */
      const names = sheets.map((name, n) => [String(n + 1), name]);
      const first = String(sheets.indexOf(format.sheet ?? "") + 1);
      found.push(["sheet", t("preview.sheet"), names, of("sheet") || first]);
    }
    if (["csv", "tsv", "xlsx"].includes(kind)) {
      /** @type {Option[]} */
      const ids = [["", t("preview.no_column")], ...headings];
      found.push(
        ["text_column", t("preview.text_column"), headings, of("text_column") || at(format.text_number)],
        ["id_column", t("preview.id_column"), ids, of("id_column") || at(format.id_number)],
        ["has_header", t("preview.header"), yesOrNo("yes", "no"), String(format.has_header)],
      );
    }
    if (["csv", "tsv", "txt"].includes(kind)) {
      /** @type {Option[]} */
      const encodings = ENCODINGS.map((name) => [name, name]);
      found.push(["encoding", t("preview.encoding"), [recognised(format.encoding), ...encodings], of("encoding")]);
    }
    if (kind === "csv") {
      /** @type {Option[]} */
      const all = Object.keys(DELIMITERS).map((delimiter) => [delimiter, delimiterName(delimiter)]);
      const first = recognised(delimiterName(format.delimiter));
      found.push(["delimiter", t("preview.delimiter"), [first, ...all], of("delimiter")]);
    }
    if (format.quotes !== null) {
      const uses = yesOrNo("preview.quotes.true", "preview.quotes.false");
      found.push(["quotes", t("preview.quotes"), uses, String(format.quotes)]);
    }
    return found;
  }

  function rows() {
    const { format, columns } = upload;
    const roles = columns.map(({ number }) => {
      if (number === format.text_number) return t("preview.is_text");
      return number === format.id_number ? t("preview.is_id") : null;
    });
    const heads = columns.map((column, at) => {
      const role = roles[at] && [" ", h("span", { class: "badge" }, roles[at])];
      return h("th", { scope: "col", class: role && "chosen" }, columnName(column), role);
    });
    const line = (/** @type {string[]} */ cells) =>
      columns.map((_, at) => h("td", { class: roles[at] && "chosen" }, cells[at] ?? ""));
    return h(
      "table",
      {},
      h("thead", {}, h("tr", {}, heads)),
      h(
        "tbody",
        {},
        upload.preview.map((cells) => h("tr", {}, line(cells))),
      ),
    );
  }

  function reading() {
    /** @type {Record<string, string | boolean>} */
    const chosen = { ...asked };
    const text = /** @type {HTMLSelectElement | null} */ (document.getElementById("reading-text_column"));
    if (text?.value) chosen.text_column = text.value; // what is shown is what is done
    for (const name of ["has_header", "quotes"]) if (name in chosen) chosen[name] = chosen[name] === "true";
    return chosen;
  }

  /**
   * @param {ProblemError} entry
   * @returns {string | null}
   */
  function place({ pointer }) {
    return names[(pointer ?? "").slice(1)] ?? null;
  }

  draw();
  element.append(
    heading,
    facts,
    notes.element,
    pickers,
    board.element,
    table,
    h("p", { class: "muted" }, t("preview.first", { name: upload.filename, size: bytes(upload.bytes) })),
  );
  return { element, reading, place };
}

/**
 * @param {string} yes
 * @param {string} no
 * @returns {Option[]}
 */
function yesOrNo(yes, no) {
  return [
    ["true", t(yes)],
    ["false", t(no)],
  ];
}

/** @param {ColumnDocument} column */
function columnName({ name, number }) {
  return name || t("preview.column", { number });
}

/** @param {string | null} delimiter */
function delimiterName(delimiter) {
  if (delimiter === null) return "";
  return delimiter in DELIMITERS ? t(`delimiter.${DELIMITERS[delimiter]}`) : delimiter;
}

/**
 * How a column is named to the service: by its heading where that is clear, else by its number.
 * @param {ColumnDocument} column
 * @param {ColumnDocument[]} columns
 * @param {FileDocument} format
 */
function reference(column, columns, format) {
  const clear = format.has_header && column.name && columns.filter(({ name }) => name === column.name).length === 1;
  return clear ? column.name : String(column.number);
}
