/** How a file will be read: what was recognised, the choices one has, and its first rows. */
import { fill, h } from "../dom.js";
import { bytes, number, t } from "../i18n.js";
import { field, select } from "./field.js";
import { noteList } from "./notes.js";
import { noticeBoard } from "./notice.js";
import { pair, tablePlace } from "./table.js";

const ENCODINGS = ["utf-8", "gb18030", "big5", "big5-hkscs", "utf-16", "shift_jis", "euc-kr"];
const CHANGES_COLUMNS = new Set(["sheet", "has_header", "header_row", "delimiter", "quotes", "encoding"]);
/** @type {Record<string, string>} */
const INSTEAD_OF = { has_header: "header_row", header_row: "has_header" };
const MOST_JOINED = 8; // columns whose texts make one
/** @type {Record<string, string>} */
const DELIMITERS = { ",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe" };

/** @typedef {[value: string, words: string]} Option */

/** @typedef {Record<string, string | string[]>} Asked */

/** @typedef {{name: string, words: string, options: Option[], value: string, id?: string, read?: (value: string) => string | string[]}} Choice */

/**
 * @param {UploadDocument} upload the document of /api/v1/uploads
 * @param {(reading: Asked) => Promise<UploadDocument>} readAgain gives the document of another reading
 * @param {(busy: boolean) => unknown} busy called when that begins and ends
 */
export function preview(upload, readAgain, busy) {
  /** @type {Asked} */
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
   * @param {string | string[]} value
   */
  async function change(name, value) {
    if (value.length === 0) delete asked[name];
    else asked[name] = value;
    delete asked[INSTEAD_OF[name]];
    if (CHANGES_COLUMNS.has(name)) {
      delete asked.text_column; // the columns are others
      delete asked.id_column;
      delete asked.label_column;
      delete asked.date_column;
      delete asked.language_column;
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
    const controls = [...choices().map(picker), ...inputs()];
    fill(pickers, controls);
    notes.update({ file: format });
    fill(table, rows());
  }

  /** @param {Choice} choice */
  function picker({ name, words, options, value, id = name, read = (value) => value }) {
    names[name] ??= words;
    const control = select(options, { id: `reading-${id}`, onchange: () => change(name, read(control.value)) });
    control.value = value;
    return field(words, control);
  }

  /** @param {string} name of an option */
  function has(name) {
    return upload.options.includes(name);
  }

  /** The columns whose texts are read, as they are named to the service. */
  function texts() {
    const { columns, format } = upload;
    const read = format.text_numbers.map((number) => reference(columns[number - 1], columns, format));
    return asked.text_column ? [asked.text_column].flat() : read;
  }

  /** What can be read otherwise. */
  function choices() {
    const { format, columns, sheets } = upload;
    const of = (/** @type {string} */ name) => String(asked[name] ?? "");
    /** @type {Option[]} */
    const headings = columns.map((column) => [reference(column, columns, format), columnName(column)]);
    /** @type {(what: string | null) => Option} */
    const recognised = (what) => ["", t("preview.recognised", { what })];
    /** @type {Choice[]} */
    const found = [];
    /** @type {(name: string, options: Option[], value: string) => unknown} */
    const add = (name, options, value) =>
      has(name) && found.push({ name, words: t(`preview.${name}`), options, value });
    if (sheets.length > 1) {
      const value = of("sheet") || String(sheets.indexOf(format.sheet ?? "") + 1);
      add(
        "sheet",
        sheets.map((name, n) => [String(n + 1), name]),
        value,
      );
    }
    if (has("text_column")) {
      const read = texts();
      const most = Math.min(columns.length, MOST_JOINED);
      [...read, ""].slice(0, most).forEach((value, at) => {
        found.push({
          name: "text_column",
          words: t(at ? "preview.joined" : "preview.text_column"),
          options: at || !value ? [["", t("preview.no_more")], ...headings] : headings,
          value,
          id: at ? `text_column-${at + 1}` : "text_column",
          read: (value) => [...new Set(read.toSpliced(at, 1, value))].filter(Boolean),
        });
      });
    }
    const id = format.id_number === null ? "" : headings[format.id_number - 1][0];
    add("id_column", [["", t("preview.no_column")], ...headings], of("id_column") || id);
    const label = format.label_number === null ? "" : headings[format.label_number - 1][0];
    add("label_column", [["", t("preview.no_column")], ...headings], of("label_column") || label);
    const date = format.date_number === null ? "" : headings[format.date_number - 1][0];
    add("date_column", [["", t("preview.no_column")], ...headings], of("date_column") || date);
    const language = format.language_number === null ? "" : headings[format.language_number - 1][0];
    add("language_column", [["", t("preview.no_column")], ...headings], of("language_column") || language);
    if (date) {
      /** @type {Option[]} */
      const orders = ["", "day_first", "month_first", "year_first"].map((order) => [
        order,
        t(`preview.date_order.${order || "auto"}`),
      ]);
      add("date_order", orders, of("date_order"));
    }
    add("has_header", yesOrNo("yes", "no"), String(format.has_header));
    add("encoding", [recognised(format.encoding), ...ENCODINGS.map(twice)], of("encoding"));
    if (format.format === "csv") {
      /** @type {Option[]} */
      const all = Object.keys(DELIMITERS).map((delimiter) => [delimiter, delimiterName(delimiter)]);
      add("delimiter", [recognised(delimiterName(format.delimiter)), ...all], of("delimiter"));
    }
    if (format.quotes !== null)
      add("quotes", yesOrNo("preview.quotes.true", "preview.quotes.false"), String(format.quotes));
    /** @type {Option[]} */
    const escapes = [
      ["", t("preview.no_column")],
      ["none", t("preview.quotes.false")],
      ["backslash", t("preview.escape.backslash")],
    ];
    add("escape", escapes, of("escape"));
    return found;
  }

  /** What is written rather than chosen. */
  function inputs() {
    const nulls = [asked.null_values ?? []].flat().join(", ");
    const hasNoYear = upload.format.notes.some((note) => note.code === "dates_without_year");
    return [
      (hasNoYear || asked.date_year) &&
        input("date_year", { type: "number", min: 1900, max: 2199, value: asked.date_year ?? "" }),
      has("header_row") && input("header_row", { type: "number", min: 1, value: upload.format.header_row ?? "" }),
      has("null_values") && input("null_values", { placeholder: "NULL, NaN, N/A …", value: nulls }, listOf),
    ];
  }

  /**
   * @param {string} name
   * @param {import("../dom.js").Props} props
   * @param {(value: string) => string | string[]} [read]
   */
  function input(name, props, read = (value) => value) {
    names[name] = t(`preview.${name}`);
    const onchange = () => control.checkValidity() && change(name, read(control.value));
    const control = h("input", { type: "text", ...props, id: `reading-${name}`, onchange });
    return field(names[name], control);
  }

  function rows() {
    const { format, columns } = upload;
    const roles = columns.map(({ number }) => {
      if (format.text_numbers.includes(number)) return t("preview.is_text");
      if (number === format.label_number) return t("preview.is_label");
      if (number === format.date_number) return t("preview.is_date");
      if (number === format.language_number) return t("preview.is_language");
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
    /** @type {Record<string, unknown>} */
    const chosen = { ...asked };
    if (has("text_column") && texts().length) chosen.text_column = texts(); // what is shown is what is done
    for (const name of ["has_header", "quotes"]) if (name in chosen) chosen[name] = chosen[name] === "true";
    if (chosen.header_row) chosen.header_row = Number(chosen.header_row);
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

/**
 * @param {string} value
 * @returns {Option}
 */
function twice(value) {
  return [value, value];
}

/**
 * What stands between commas of either kind.
 * @param {string} values
 */
function listOf(values) {
  return values
    .split(/[,，]/)
    .map((value) => value.trim())
    .filter(Boolean);
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
