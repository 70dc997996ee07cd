/** Asks for the API key, once: it is kept for the session of this tab and nowhere else. */
import { events } from "../api.js";
import { fill, h, newId } from "../dom.js";
import { t } from "../i18n.js";

export function keyDialog() {
  const dialog = h("dialog", { "aria-labelledby": "key-title" });
  events.addEventListener("key", (event) => {
    const { problem, operator, give } = /** @type {CustomEvent<import("../api.js").KeyWanted>} */ (event).detail;
    const id = newId("key");
    const input = h("input", {
      id,
      type: "password",
      autocomplete: "off",
      required: true,
      "aria-describedby": `${id}-why`,
    });
    /** @type {string | null} */
    let key = null;
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      key = input.value.trim();
      dialog.close();
    };
    const form = h(
      "form",
      { onsubmit: submit },
      h("h2", { id: "key-title" }, t(operator ? "key.operator_title" : "key.title")),
      h(
        "p",
        { id: `${id}-why` },
        t(operator ? "key.operator" : "key.why"),
        " ",
        t(operator ? "key.kept_page" : "key.kept"),
      ),
      h("p", { class: "muted", lang: "en" }, problem.detail),
      h("label", { for: id }, t(operator ? "key.token" : "key.label")),
      input,
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "submit" }, t("key.use")),
        h("button", { type: "button", class: "secondary", onclick: () => dialog.close() }, t("key.without")),
      ),
    );
    fill(dialog, h("article", {}, form));
    dialog.addEventListener("close", () => give(key || null), { once: true });
    dialog.showModal();
    input.focus();
  });
  return dialog;
}
