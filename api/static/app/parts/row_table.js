/** The rows of a job, page by page, filtered and searched by the service. */
import { get, query } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { field, select } from "./field.js";
import { noticeBoard } from "./notice.js";
import { progressOf, restAfter, rowsDone } from "./pace.js";
import { pager } from "./pager.js";
import { badge, detail, fault, flags, labelName, LABELS, noLabel, scoreBar, UNLABELLED } from "./prediction.js";
import { tablePlace } from "./table.js";

const SIZES = ["20", "50", "100"];
const TYPING_MS = 350;

export function rowTable(base, signal, band) {
  const board = noticeBoard();
  const label = select([["", t("rows.all")], ...[...LABELS, ...UNLABELLED].map((name) => [name, labelName(name)])], {
    onchange: restart,
  });
  const search = h("input", { type: "search", maxlength: "200", oninput: typed, oncompositionend: typed });
  const size = select(
    SIZES.map((n) => [n, n]),
    { onchange: restart },
  );
  const columns = h("input", { type: "checkbox", onchange: () => read() });
  const columnsField = h("label", { class: "check", hidden: true }, columns, t("rows.columns"));
  const place = tablePlace(t("rows.title"));
  const where = h("span", { class: "muted" });
  const pages = pager(t("rows.back"), t("rows.on"), turn);
  let typing = 0;
  let job = null;
  let count = 0; // of rows on the page
  let version = 0; // of what was asked: an older answer is dropped
  let reading = false;
  let restUntil = 0; // of a job that runs: a search through much of it is not begun anew each second

  function filter() {
    const unlabelled = UNLABELLED.includes(label.value);
    return {
      label: unlabelled ? "" : label.value,
      only: unlabelled ? label.value : "",
      contains: search.value.trim(),
      neutral_band: band,
    };
  }

  function typed(event) {
    if (event.isComposing) return; // the letters of a word that is not chosen yet
    clearTimeout(typing);
    typing = setTimeout(restart, TYPING_MS);
  }

  function restart() {
    pages.reset();
    turn();
  }

  /** Somebody wants to see other rows, and hears what came. */
  async function turn() {
    if (await read()) announce(where.textContent || place.textContent);
  }

  /** True when what was asked for is there; false where it failed, or something else is asked for by now. */
  async function read() {
    const asked = ++version;
    const wanted = Number(size.value);
    const began = performance.now();
    reading = true;
    const kept = { ...filter(), include: columns.checked ? "text,columns" : "text" };
    place.setAttribute("aria-busy", "true");
    try {
      // Where few rows match, an answer may have fewer than were asked for although more follow.
      const rows = [];
      let cursor = pages.cursor;
      for (;;) {
        const page = await get(`${base}/results${query({ ...kept, limit: wanted - rows.length, cursor })}`, signal);
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

  /** Rows have come: a full page stays as it is while somebody reads it. */
  function grow() {
    if (!reading && count < Number(size.value) && performance.now() > restUntil) read();
  }

  function draw(rows) {
    board.clear();
    count = rows.length;
    const named =
      job.file?.columns?.length && columns.checked
        ? (rows.find((row) => row.columns)?.columns.map(([name]) => name) ?? [])
        : [];
    const filtered = label.value || search.value.trim();
    fill(
      place,
      rows.length === 0
        ? h("p", { class: "muted" }, t(filtered ? "rows.none_match" : job.ended_at ? "rows.none" : "rows.none_yet"))
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
                named.map((name) => h("th", { scope: "col" }, name)),
              ),
            ),
            h("tbody", {}, rows.map(line)),
          ),
    );
    where.textContent = rows.length
      ? t("rows.where", { page: pages.number, first: rows[0].index + 1, last: rows.at(-1).index + 1 })
      : "";
  }

  function line(row) {
    return h(
      "tr",
      {},
      h("td", { class: "number" }, number(row.index + 1)),
      h("td", {}, row.custom_id ?? ""),
      h("td", { class: "text", lang: "zh" }, row.text),
      row.error
        ? h(
            "td",
            { colspan: "2" },
            noLabel(row.error),
            " ",
            row.error.line && `${t("error.line", { line: row.error.line })} · `,
            fault(row.error.code),
            detail(row.error),
          )
        : [
            h("td", {}, badge(row.label), flags(row)),
            h("td", { class: "score" }, percent(row.score, 2), scoreBar(row.probabilities)),
          ],
      (row.columns ?? []).map(([, cell]) => h("td", {}, cell)),
    );
  }

  const element = h(
    "section",
    { "aria-labelledby": "rows-title" },
    h("h2", { id: "rows-title" }, t("rows.title")),
    h(
      "div",
      { class: "fields tools" },
      field(t("rows.label"), label),
      field(t("rows.search"), search),
      field(t("rows.size"), size),
    ),
    columnsField,
    board.element,
    place,
    h("div", { class: "buttons" }, pages.back, where, pages.on),
  );
  return {
    element,
    update(fresh) {
      const before = job;
      job = fresh;
      columnsField.hidden = !(job.file?.columns?.length > 1);
      if (before === null || (job.ended_at && progressOf(before) !== progressOf(job))) read();
      else if (rowsDone(job) > rowsDone(before)) grow();
    },
    band(value) {
      band = value;
      restart();
    },
  };
}
