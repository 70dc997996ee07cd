/** What the rows say of each aspect: counts, and the share that is negative. */
import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, t } from "../i18n.js";
import { asking, section } from "./asking.js";
import { inOrder, labelName, stackedBar } from "./prediction.js";
import { table, tablePlace } from "./table.js";
import { ALL, countWords, shareWords, toRows } from "./to_rows.js";

/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function aspectTable(base, signal, view) {
  const place = tablePlace(t("aspects.title"));
  const help = h("p", { class: "muted" }, t("aspects.help"));
  const part = section("aspects-title", t("aspects.title"), help, place);
  /** @type {JobAspects | null} */
  let shown = null;
  const ask = asking(part, signal, (/** @type {JobAspects} */ answer) => {
    shown = answer;
    drawTable();
  });

  function drawTable() {
    if (!shown) return;
    const spoken = shown.data.filter(({ rows }) => rows > 0);
    const most = Math.max(...spoken.map(({ rows }) => rows));
    const labels = inOrder(Object.entries(shown.data[0].counts)).map(([label]) => label);
    const headings = [
      t("aspects.aspect"),
      t("split.labels"),
      ...labels.map(labelName),
      t("aspects.share"),
      t("aspects.mentions"),
    ];
    const lines = spoken.map((aspect) => line(aspect, labels, most));
    fill(
      place,
      spoken.length
        ? table(headings, lines, { class: "split aspects" })
        : h("p", { class: "muted" }, t("aspects.none")),
    );
  }

  /**
   * Its cells.
   * @param {AspectCounts} found
   * @param {string[]} labels
   * @param {number} most rows of an aspect
   */
  function line({ aspect, rows, counts, shares }, labels, most) {
    const ordered = inOrder(Object.entries(counts));
    const bar = stackedBar(ordered, countWords(ordered.map(([label, count]) => [labelName(label), count])));
    bar.style.width = `${(100 * rows) / most}%`;
    const current = view.get("aspect") === aspect;
    const name = toRows(view, { ...ALL, aspect }, aspect);
    if (current) name.setAttribute("aria-current", "true");
    return [
      name,
      h("div", { class: "track" }, bar),
      ...labels.map((label) => toRows(view, { ...ALL, aspect, label }, number(counts[label]))),
      shares.negative ? shareWords(shares.negative) : "–",
      toRows(view, { ...ALL, aspect }, number(rows)),
    ];
  }

  return {
    element: part.element,
    /** @param {JobDocument} job */
    draw(job) {
      drawTable(); // its links keep what else is chosen
      ask(`${base}/aspects${query({ ...view.slice, aspect: null })}`, job);
    },
  };
}
