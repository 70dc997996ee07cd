/** Numbers that lead to the rows behind them. */
import { h } from "../dom.js";
import { number, percent, t } from "../i18n.js";

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/** Of a view: rows of all labels and scores, as they are counted where their shares are shown. */
export const ALL = { label: null, min_score: null, max_score: null };

/**
 * A link that shows these rows in the table of rows, beside what else is chosen when it is followed.
 * @param {JobView} view
 * @param {Record<string, string | null>} changes of the view
 * @param {...Child} words
 */
export function toRows(view, changes, ...words) {
  const href = () => view.toRows(changes);
  const link = h(
    "a",
    { href: href(), title: t("split.drill"), onclick: () => link.setAttribute("href", href()) },
    words,
  );
  return link;
}

/** @param {Figure} figure a share with its interval of 95 % */
export function shareWords({ value, low, high }) {
  return [percent(value, 0), " ", h("small", {}, `${percent(low, 0)}–${percent(high, 0)}`)];
}

/**
 * Counts of labels in words.
 * @param {Array<[name: string, count: number]>} counts
 */
export function countWords(counts) {
  return counts.map(([name, count]) => `${name} ${number(count)}`).join(", ");
}
