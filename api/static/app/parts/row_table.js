/** The rows of a job, page by page, filtered, searched and sorted by the service. */
import { get, query } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { FILTERS, SIZES } from "../job_view.js";
import { matchCounter } from "./match_counter.js";
import { noticeBoard } from "./notice.js";
import { progressOf, restAfter, rowsDone } from "./pace.js";
import { pager } from "./pager.js";
import { badge, detail, fault, flags, languageFlag, noLabel, opinions, scoreBar, textOf } from "./prediction.js";
import { rowFilter } from "./row_filter.js";
import { tablePlace } from "./table.js";

/** What the rows on a page depend on. */
const ASKED = [...FILTERS, "sort", "band", "size"];

/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function rowTable(base, signal, view) {
  const board = noticeBoard();
  const filter = rowFilter(signal, view);
  const counter = matchCounter(base, signal, view);
  const place = tablePlace(t("rows.title"));
  const where = h("span", { class: "muted" });
  const pages = pager(t("rows.back"), t("rows.on"), turn);
  const heading = h("h2", { id: "rows-title", tabindex: "-1" }, t("rows.title"));
  /** @type {JobDocument} */
  let job;
  let count = 0; // of rows on the page
  let version = 0; // of what was asked: an older answer is dropped
  let reading = false;
  let restUntil = 0; // of a job that runs: a search through much of it does not start again each second

  function size() {
    return Number(view.get("size") ?? SIZES[0]);
  }

  function restart() {
    pages.reset();
    counter.restart();
    turn();
  }

  /** The user asked for other rows: reads them and announces the result. */
  async function turn() {
    if (await read()) announce(where.textContent || place.textContent);
  }

  /** Resolves to true when the rows are there; to false if reading failed or other rows were asked for since. */
  async function read() {
    const asked = ++version;
    const wanted = size();
    const began = performance.now();
    reading = true;
    const sort = job.ended_at ? view.get("sort") : null; // rows that are still to come have no place yet
    const include = showsColumns() ? "text,columns" : "text";
    const kept = { ...view.filter, sort, include };
    place.setAttribute("aria-busy", "true");
    try {
      // Where few rows match, an answer may have fewer than were asked for although more follow.
      /** @type {RowDocument[]} */
      const rows = [];
      let cursor = pages.cursor;
      for (;;) {
        const words = query({ ...kept, limit: wanted - rows.length, cursor });
        /** @type {ResultsPage} */
        const page = await get(`${base}/results${words}`, signal);
        if (asked !== version) return false;
        rows.push(...page.data);
        const stands = page.next === cursor || !page.next; // what follows is not done yet, or nothing follows
        cursor = page.next;
        if (rows.length >= wanted || stands) break;
        if (rows.length) draw(rows);
      }
      draw(rows);
      pages.arrived(rows.length < wanted ? null : cursor);
      return true;
    } catch (error) {
      if (!signal.aborted && asked === version) board.show(error, { retry: read });
      return false;
    } finally {
      if (asked === version) {
        reading = false;
        restUntil = performance.now() + restAfter(began);
        place.removeAttribute("aria-busy");
      }
    }
  }

  /** New rows have arrived: a full page stays as it is, because the user may be reading it. */
  function grow() {
    if (!reading && count < size() && performance.now() > restUntil) read();
  }

  function showsColumns() {
    return view.get("columns") !== null && shownColumns().length > 0;
  }

  /** Places of the file's columns that are not in the table anyway, as its texts and ids are. */
  function shownColumns() {
    const { columns = [], text_numbers: texts = [], id_number: id } = job.file ?? {};
    return columns.map((_, at) => at).filter((at) => !texts.includes(at + 1) && at + 1 !== id);
  }

  /** @param {RowDocument[]} rows */
  function draw(rows) {
    board.clear();
    count = rows.length;
    const columns = showsColumns() ? shownColumns() : [];
    const names = columns.map((at) => job.file?.columns[at] || t("preview.column", { number: at + 1 }));
    const none = view.filtered ? "rows.none_match" : job.ended_at ? "rows.none" : "rows.none_yet";
    fill(
      place,
      rows.length === 0
        ? h("p", { class: "muted" }, t(none))
        : h(
            "table",
            { class: "stacks" },
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                ["number", "id", "text", "label", "score"].map((name) => h("th", { scope: "col" }, t(`rows.${name}`))),
                names.map((name) => h("th", { scope: "col" }, name)),
              ),
            ),
            h(
              "tbody",
              {},
              rows.map((row) => line(row, columns, names)),
            ),
          ),
    );
    const numbers = { page: pages.number, first: (rows[0]?.index ?? 0) + 1, last: (rows.at(-1)?.index ?? 0) + 1 };
    const sorted = job.ended_at && view.get("sort");
    where.textContent = rows.length ? t(sorted ? "rows.page" : "rows.where", numbers) : "";
  }

  /**
   * @param {RowDocument} row
   * @param {number[]} columns places of those that are shown
   * @param {string[]} names of these
   */
  function line(row, columns, names) {
    return h(
      "tr",
      {},
      h("td", { class: "number" }, number(row.index + 1)),
      h("td", {}, row.custom_id ?? ""),
      h("td", { class: "text", lang: row.language ?? "zh" }, textOf(row, view.get("aspect")), opinions(row)),
      row.error
        ? h(
            "td",
            { colspan: "2" },
            noLabel(row.error),
            languageFlag(row),
            " ",
            row.error.line && `${t("error.line", { line: row.error.line })} · `,
            fault(row.error.code),
            detail(row.error),
          )
        : [
            h("td", {}, badge(row.label), flags(row)),
            h("td", { class: "score" }, percent(row.score, 2), scoreBar(row.probabilities)),
          ],
      columns.map((at, n) => h("td", { "data-name": names[n] }, row.columns?.[at]?.[1] ?? "")),
    );
  }

  view.addEventListener(
    "change",
    (event) => {
      const { detail: changed } = /** @type {CustomEvent<string[]>} */ (event);
      if (!job) return;
      if (changed.some((name) => ASKED.includes(name))) restart();
      else if (changed.includes("columns")) read();
    },
    { signal },
  );
  view.addEventListener(
    "rows",
    () => {
      heading.focus({ preventScroll: true });
      heading.scrollIntoView();
    },
    { signal },
  );
  const element = h(
    "section",
    { "aria-labelledby": "rows-title" },
    heading,
    filter.element,
    counter.element,
    board.element,
    place,
    h("div", { class: "buttons pages" }, pages.back, where, pages.on),
  );
  return {
    element,
    offer: filter.offer,
    /** @param {JobDocument} fresh */
    update(fresh) {
      const before = /** @type {JobDocument | undefined} */ (job);
      job = fresh;
      filter.update(job, shownColumns().length > 0);
      counter.update(job);
      const over = job.ended_at && !before?.ended_at;
      if (!before || over || (job.ended_at && progressOf(before) !== progressOf(job))) read();
      else if (rowsDone(job) > rowsDone(before)) grow();
    },
  };
}
