/** The set of aspects that a job looks for: one that came along, a stored one, or none. Own ones are written here. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { field, select } from "./field.js";

/**
 * @param {AbortSignal} signal
 * @param {() => unknown} chosen called when the user has chosen a set
 */
export function aspectChoice(signal, chosen) {
  const picker = select([["", t("options.no_aspects")]], { "aria-describedby": "aspects-help", onchange: change });
  const names = h("small", { id: "aspects-help" });
  const editor = h("div");
  const own = h("details", { ontoggle: open }, h("summary", {}, t("sets.own")), editor);
  /** @type {AspectSetDocument[]} */
  let sets = [];
  let begun = false;

  /** @param {string} [value] to choose */
  async function list(value = picker.value) {
    try {
      /** @type {AspectSetList} */
      const { data } = await get("/api/v1/aspect-sets", signal);
      sets = data;
    } catch {
      return; // a job can do without them
    }
    fill(
      picker,
      h("option", { value: "" }, t("options.no_aspects")),
      sets.map(({ id, definition }) => h("option", { value: id }, `${definition.title || id} (${id})`)),
    );
    picker.value = value;
    tell();
  }

  function tell() {
    const set = sets.find(({ id }) => id === picker.value);
    names.textContent = set ? set.definition.aspects.map(({ name }) => name).join("、") : t("options.aspects_help");
  }

  function change() {
    tell();
    if (picker.value) chosen();
  }

  /** The editor is loaded when it is opened: most take a set that is there. */
  async function open() {
    if (begun || !own.open) return;
    begun = true;
    const { aspectEditor } = await import("./aspect_editor.js");
    if (signal.aborted) return;
    const stored = async (/** @type {string} */ id) => {
      await list(id);
      change();
    };
    fill(
      editor,
      aspectEditor(signal, () => picker.value, stored),
    );
  }

  tell();
  list();
  return { element: h("div", {}, field(t("options.aspects"), picker), names, own), value: () => picker.value };
}
