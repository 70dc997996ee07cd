/** A control with its name. */
import { h, newId } from "../dom.js";

export function field(name, control) {
  control.id ||= newId("field");
  return h("div", { class: "field" }, h("label", { for: control.id }, name), control);
}

/** @param {Array<[string, string]>} options value and words of each */
export function select(options, props = {}) {
  return h(
    "select",
    props,
    options.map(([value, words]) => h("option", { value }, words)),
  );
}
