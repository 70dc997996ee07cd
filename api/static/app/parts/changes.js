/** The steps of time that differ from the one before by more than chance explains, in words. */
import { h } from "../dom.js";
import { percent, t } from "../i18n.js";
import { labelName } from "./prediction.js";
import { toRows } from "./to_rows.js";

const MOST = 4; // the latest

/** @import { JobView } from "../job_view.js" */

/**
 * The label whose share a timeline shows: the complaints, where there is such a label.
 * @param {Timeline} timeline
 */
export function labelOf({ points }) {
  const labels = [...new Set(points.flatMap(({ shares }) => Object.keys(shares)))].sort();
  return labels.includes("negative") ? "negative" : (labels[0] ?? "negative");
}

/**
 * A list of them, null where there are none.
 * @param {Timeline} timeline
 * @param {JobView} view
 * @param {Record<string, string | null>} changes of the view, beside the dates, for who looks at the rows
 */
export function changesOf(timeline, view, changes) {
  const label = labelOf(timeline);
  const found = timeline.points.flatMap((point) => {
    const change = point.changes.find((change) => change.label === label);
    return change ? [{ point, change }] : [];
  });
  if (found.length === 0) return null;
  const lines = found.slice(-MOST).map(({ point: { start, end, shares }, change: { difference } }) => {
    const words = t(difference > 0 ? "changes.more" : "changes.less", {
      when: periodName(timeline.step, start),
      label: labelName(label),
      before: percent(shares[label].value - difference, 0),
      after: percent(shares[label].value, 0),
    });
    const sign = h("span", { class: difference > 0 ? "sign worse" : "sign better", "aria-hidden": "true" });
    return h("li", {}, sign, toRows(view, { ...changes, from: start, to: end, step: timeline.step }, words));
  });
  return h("ul", { class: "changes" }, lines);
}

/**
 * @param {string} step
 * @param {string} start as the service writes it
 */
export function periodName(step, start) {
  return step === "week" ? t("timeline.week_of", { start }) : start.replace("T", " ");
}
