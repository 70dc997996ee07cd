/** A bar with its name and what it says. */
import { h, newId } from "../dom.js";

/** @returns {{element, set: function(number, number, string)}} `set(done, of, words)`; of 0: nobody knows how much */
export function progressBar(name) {
  const id = newId("bar");
  const bar = h("progress", { id, max: "1", value: "0" });
  const words = h("span", { class: "muted" });
  const element = h("div", { class: "progress" }, h("label", { for: id }, name), words, bar);
  return {
    element,
    set(done, of, text) {
      if (of > 0) bar.value = Math.min(1, done / of);
      else bar.removeAttribute("value");
      bar.setAttribute("aria-valuetext", text);
      words.textContent = text;
    },
  };
}
