/** A control with its name. */
import { h, newId } from "../dom.js";

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
export function field(name, control) {
  control.id ||= newId("field");
  return h("div", { class: "field" }, h("label", { for: control.id }, name), control);
}

/**
 * @param {Array<readonly [value: string, words: string]>} options
 * @param {import("../dom.js").Props} [props]
 */
export function select(options, props = {}) {
  return h(
    "select",
    props,
    options.map(([value, words]) => h("option", { value }, words)),
  );
}
