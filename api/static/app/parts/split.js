/** The labels of each value of one column of the file, such as the shop or the site a text comes from. */
import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { field, select } from "./field.js";
import { noticeBoard } from "./notice.js";
import { progressOf, restAfter } from "./pace.js";
import { inOrder, labelled, labelName, stackedBar } from "./prediction.js";
import { table, tablePlace } from "./table.js";

const EVERY_MS = 5000;
const MOST_CHARS = 200; // of a value that is put into an address
const NONE = "-"; // no column, where one would be likely

/** Headings under which a source is usually found, the best first. */
const SOURCES = [
  /source|来源|渠道|channel/i,
  /platform|平台|site|网站/i,
  /shop|store|店/i,
  /product|商品|产品|brand|品牌/i,
  /category|类别|分类|类目|city|城市/i,
];

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function split(base, signal, view) {
  const board = noticeBoard();
  const place = tablePlace(t("split.title"));
  const picker = select([], { onchange: () => view.set({ by: picker.value || NONE }) });
  const element = h(
    "section",
    { "aria-labelledby": "split-title", hidden: true },
    h("h2", { id: "split-title" }, t("split.title")),
    field(t("split.by"), picker),
    board.element,
    place,
  );
  /** @type {JobDocument} */
  let job;
  /** @type {Group[] | null} */
  let groups = null; // that are shown
  /** @type {Array<[number: string, heading: string]>} */
  let others = []; // `[number, heading]` of each column but that of the texts
  let version = 0; // of what was asked: an older answer is dropped
  let reading = false;
  let againAt = 0; // while the job runs
  let known = ""; // how far the job was when the table was read

  /** What the address says, else what is likely; "" for none. */
  function chosen() {
    const by = view.get("by") ?? likelySource(others);
    return others.some(([value]) => value === by) ? by : "";
  }

  async function read() {
    picker.value = chosen();
    const mine = ++version;
    const by = picker.value;
    const began = performance.now();
    known = progressOf(job);
    reading = true;
    place.setAttribute("aria-busy", "true");
    try {
      /** @type {Summary | null} */
      const summary = by ? await get(`${base}/summary${query({ by, neutral_band: view.band })}`, signal) : null;
      if (mine !== version) return;
      board.clear();
      groups = summary?.groups ?? null;
      draw();
    } catch (error) {
      if (!signal.aborted && mine === version) board.show(error, { retry: read });
    } finally {
      if (mine === version) {
        reading = false;
        againAt = performance.now() + restAfter(began, EVERY_MS);
        place.removeAttribute("aria-busy");
      }
    }
  }

  function draw() {
    if (!groups) return place.replaceChildren();
    const headings = ["value", "positive", "labels", "rows"].map((name) => t(`split.${name}`));
    fill(place, table(headings, groups.map(line), { class: "split" }));
  }

  /**
   * Its cells. The value leads to its rows, where it is short enough for an address.
   * @param {Group} group
   * @returns {Child[]}
   */
  function line({ value, rows, counts }) {
    const ordered = inOrder(Object.entries(counts));
    const words = ordered.map(([label, count]) => `${labelName(label)} ${number(count)}`).join(", ");
    const unnamed = value === null ? "split.rest" : value === "" ? "split.empty" : null;
    const name = unnamed ? h("em", {}, t(unnamed)) : value;
    const withLabel = labelled(counts);
    return [
      value === null || value.length > MOST_CHARS ? name : link(name, picker.value, value),
      withLabel ? percent((counts.positive ?? 0) / withLabel) : "–",
      stackedBar(ordered, words),
      number(rows),
    ];
  }

  /**
   * @param {Child} name
   * @param {string} column
   * @param {string} value
   */
  function link(name, column, value) {
    const href = view.toRows({ cells: view.withCells([[column, value]]) });
    const current = view.cells.some((cell) => cell[0] === column && cell[1] === value);
    return h("a", { href, title: t("split.drill"), "aria-current": current && "true" }, name);
  }

  view.addEventListener(
    "change",
    (event) => {
      const { detail } = /** @type {CustomEvent<string[]>} */ (event);
      if (element.hidden || !job) return;
      if (detail.includes("band") || detail.includes("by")) read();
      else if (groups) draw(); // its links keep what else is chosen
    },
    { signal },
  );

  return {
    element,
    /** The column that is shown, by its number; "" for none. */
    by: () => (element.hidden ? "" : chosen()),
    /** @param {JobDocument} fresh */
    update(fresh) {
      job = fresh;
      const { columns = [], text_numbers: texts = [] } = job.file ?? {};
      others = columns
        .map((name, at) => /** @type {[string, string]} */ ([String(at + 1), name]))
        .filter((_, at) => !texts.includes(at + 1));
      element.hidden = others.length === 0 || job.counts.completed === 0;
      if (element.hidden) return;
      if (picker.options.length === 0) {
        picker.append(
          h("option", { value: "" }, t("split.none")),
          ...others.map(([value, words]) => h("option", { value }, words)),
        );
      }
      const due = job.ended_at || (!reading && performance.now() > againAt);
      if (due && known !== progressOf(job)) read();
    },
  };
}

/**
 * The reference of the column that looks like a source, or "".
 * @param {Array<[number: string, heading: string]>} columns
 */
export function likelySource(columns) {
  for (const form of SOURCES) {
    const found = columns.find(([, name]) => form.test(name));
    if (found) return found[0];
  }
  return "";
}
