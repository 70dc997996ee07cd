/** A bar with its name and what it says. */
import { h, newId } from "../dom.js";

/** @param {string} name */
export function progressBar(name) {
  const id = newId("bar");
  const bar = h("progress", { id, max: "1", value: "0" });
  const words = h("span", { class: "muted" });
  const element = h("div", { class: "progress" }, h("label", { for: id }, name), words, bar);
  return {
    element,
    /**
     * @param {number} done
     * @param {number} of 0: how much there is is not known
     * @param {string} text says the same
     */
    set(done, of, text) {
      if (of > 0) bar.value = Math.min(1, done / of);
      else bar.removeAttribute("value");
      bar.setAttribute("aria-valuetext", text);
      words.textContent = text;
    },
  };
}
