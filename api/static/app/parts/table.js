/** Tables and figures: names with what belongs to them. */
import { h } from "../dom.js";

/** @import { Child } from "../dom.js" */

/**
 * A place for a table, which scrolls by itself where the window is too narrow for it.
 * @param {string} name
 */
export function tablePlace(name) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name });
}

/**
 * @param {string[]} headings
 * @param {Child[][]} lines cells of each line, the first of which is its heading
 * @param {import("../dom.js").Props} [props] of the table; `class` may be `stacks`: lines become cards on a phone
 */
export function table(headings, lines, props = {}) {
  const head = headings.map((name) => h("th", { scope: "col" }, name));
  const body = lines.map(([first, ...cells]) => {
    return h("tr", {}, h("th", { scope: "row" }, first), ...cells.map(cell));
  });
  return h("table", props, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body));
}

/** @param {Child} content */
function cell(content) {
  return h("td", {}, content);
}

/**
 * One of a `dl`.
 * @param {Child} name
 * @param {Child} value
 * @param {string | false} [className]
 */
export function pair(name, value, className) {
  return h("div", { class: className }, h("dt", {}, name), h("dd", {}, value));
}
