/** Two things at once: products and aspects, shops and months, as a heat map of complaints. */
import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { languageName, number, percent, t } from "../i18n.js";
import { STEPS } from "../job_view.js";
import { asking, section } from "./asking.js";
import { field, select } from "./field.js";
import { inOrder, labelName } from "./prediction.js";
import { likelySource } from "./split.js";
import { tablePlace } from "./table.js";
import { ALL, countWords, toRows } from "./to_rows.js";

const STRONGEST = 38; // percent of the colour, so that words on it can be read
const NONE = "-";

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function heatMap(base, signal, view) {
  const down = select([], { onchange: () => view.set({ down: down.value || NONE }) });
  const across = select([], { onchange: () => view.set({ across: across.value || NONE }) });
  const place = tablePlace(t("heat.title"));
  const head = [
    h("p", { class: "muted" }, t("heat.help")),
    h("div", { class: "fields" }, field(t("heat.down"), down), field(t("heat.across"), across)),
  ];
  const part = section("heat-title", t("heat.title"), head, place);
  /** @type {Array<[value: string, words: string]>} */
  let axes = [];
  /** @type {Cross | null} */
  let shown = null; // of the axes that are chosen
  const ask = asking(part, signal, (/** @type {Cross} */ answer) => {
    shown = answer;
    drawMap();
  });

  /** @param {JobDocument} job */
  function axesOf({ file, options, links, has_languages }) {
    const texts = file?.text_numbers ?? [];
    /** @type {Array<[value: string, words: string]>} */
    const columns = (file?.columns ?? []).map((name, at) => [
      String(at + 1),
      name || t("preview.column", { number: at + 1 }),
    ]);
    /** @type {Array<[value: string, words: string]>} */
    const periods = STEPS.map((name) => [name, t(`heat.${name}`)]);
    return [
      .../** @type {Array<[value: string, words: string]>} */ (
        options.aspects ? [["aspect", t("aspects.aspect")]] : []
      ),
      ...("timeline" in links ? periods : []),
      .../** @type {Array<[value: string, words: string]>} */ (has_languages ? [["language", t("rows.language")]] : []),
      ...columns.filter((_, at) => !texts.includes(at + 1)),
      /** @type {[value: string, words: string]} */ (["label", t("rows.label")]),
    ];
  }

  /** What the address says, else what is likely to tell something; "" for none. */
  function chosen() {
    const known = (/** @type {string | null} */ value) => axes.some(([name]) => name === value);
    const columns = axes.filter(([value]) => Number(value));
    const usual = [known("aspect") || known("week") ? likelySource(columns) : "", known("aspect") ? "aspect" : "week"];
    return ["down", "across"].map((name, at) => {
      const value = view.get(name) ?? usual[at];
      return known(value) ? value : "";
    });
  }

  function drawMap() {
    if (!shown) return;
    const { rows, columns, cells } = shown;
    const words = axisWords(down, across);
    const shares = rows.flatMap((row, at) => columns.map((column, n) => shareOf(row, column, cells[at][n]) ?? 0));
    const most = Math.max(...shares) || 1;
    const heads = columns.map(({ value }) => h("th", { scope: "col" }, valueName(across, value)));
    fill(
      place,
      h(
        "table",
        { class: "heat" },
        h("caption", {}, words),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, down.selectedOptions[0]?.textContent), heads)),
        h(
          "tbody",
          {},
          rows.map((row, at) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, valueName(down, row.value)),
              columns.map((column, n) => cell(row, column, cells[at][n], most)),
            ),
          ),
        ),
      ),
    );
  }

  /**
   * @param {CrossGroup} row
   * @param {CrossGroup} column
   * @param {CrossCell} found
   */
  function shareOf(row, column, { rows, shares }) {
    if (![down.value, across.value].includes("label")) return shares.negative?.value ?? null;
    return rows / (down.value === "label" ? column : row).rows;
  }

  /**
   * @param {CrossGroup} row
   * @param {CrossGroup} column
   * @param {CrossCell} found
   * @param {number} most the largest share of all
   */
  function cell(row, column, found, most) {
    const { rows, counts } = found;
    if (rows === 0) return h("td", {});
    const share = shareOf(row, column, found);
    const ordered = inOrder(Object.entries(counts));
    const title = countWords(ordered.map(([label, count]) => [labelName(label), count]));
    const figures = [share === null ? "–" : percent(share, 0), " ", h("small", {}, number(rows))];
    const element = h("td", { title }, link(row, column, figures));
    if (share !== null)
      element.style.background = `color-mix(in srgb, var(--negative) ${(STRONGEST * share) / most}%, transparent)`;
    return element;
  }

  /**
   * @param {CrossGroup} row
   * @param {CrossGroup} column
   * @param {Child[]} words
   */
  function link(row, column, words) {
    if (!row.parameters || !column.parameters) return words;
    /** @type {Array<[column: string, value: string]>} */
    const cells = [];
    /** @type {Record<string, string | null>} */
    const changes = { ...ALL, sort: "polarity" };
    for (const [picker, { parameters }] of /** @type {Array<[HTMLSelectElement, CrossGroup]>} */ ([
      [down, row],
      [across, column],
    ])) {
      const { column: _, value, only, ...others } = /** @type {Record<string, string>} */ (parameters);
      if (value !== undefined) cells.push([picker.value, value]); // by its number, as elsewhere on the page
      if (only) others.label = only;
      Object.assign(changes, others);
    }
    if (cells.length) changes.cells = view.withCells(cells);
    return toRows(view, changes, words);
  }

  /** What rows are crossed of: their own sides show all values. */
  function filter() {
    const axes = [down.value, across.value];
    const periods = axes.some((axis) => STEPS.includes(axis));
    const kept = view.cells.filter(([column]) => !axes.includes(column));
    return {
      ...view.slice,
      ...(periods && { from: null, to: null }),
      ...(axes.includes("aspect") && { aspect: null }),
      ...(axes.includes("language") && { language: null }),
      column: kept.map(([column]) => column),
      value: kept.map(([, value]) => value),
    };
  }

  return {
    element: part.element,
    /** @param {JobDocument} job */
    draw(job) {
      if (axes.length === 0) {
        axes = axesOf(job);
        for (const picker of [down, across])
          fill(
            picker,
            [["", t("split.none")], ...axes].map(([value, words]) => h("option", { value }, words)),
          );
      }
      const before = [down.value, across.value].join();
      [down.value, across.value] = chosen();
      if (before !== [down.value, across.value].join()) shown = null;
      if (!down.value || !across.value) return place.replaceChildren();
      drawMap(); // its links keep what else is chosen
      ask(`${base}/cross${query({ ...filter(), rows: down.value, columns: across.value })}`, job);
    },
  };
}

/**
 * There are two things at least to cross.
 * @param {JobDocument} job
 */
export function isCrossable({ file, options, links, has_languages }) {
  const columns = (file?.columns.length ?? 0) && (file?.columns.length ?? 0) - (file?.text_numbers.length ?? 0);
  return columns + Number(Boolean(options.aspects)) + Number("timeline" in links) + Number(has_languages) > 1;
}

/**
 * @param {HTMLSelectElement} down
 * @param {HTMLSelectElement} across
 */
function axisWords(down, across) {
  const [rows, columns] = [down, across].map((picker) => picker.selectedOptions[0]?.textContent ?? "");
  return t("heat.caption", { rows, columns });
}

/**
 * @param {HTMLSelectElement} picker of the side
 * @param {string | null} value
 */
function valueName(picker, value) {
  if (value === null) return h("em", {}, t("split.rest"));
  if (value === "") return h("em", {}, t("split.empty"));
  return picker.value === "language" ? languageName(value) : value.replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ");
}
