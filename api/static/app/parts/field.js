/** A control with its name. */
import { h, newId } from "../dom.js";

/** @param {HTMLElement} control @param {string} [help] */
export function field(name, control, help) {
  control.id ||= newId("field");
  if (help) control.setAttribute("aria-describedby", `${control.id}-help`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, name),
    control,
    help && h("small", { id: `${control.id}-help` }, help),
  );
}

/** @param {Array<[string, string]>} options value and words of each */
export function select(options, props = {}) {
  return h(
    "select",
    props,
    options.map(([value, words]) => h("option", { value }, words)),
  );
}
