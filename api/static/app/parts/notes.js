/** What was decided while a file was read, and what was left out. */
import { fill, h } from "../dom.js";
import { listed, maybe, t } from "../i18n.js";

const NAMES_SAID = 10; // of a list

export function noteList() {
  const list = h("ul");
  const element = h("details", { open: true, hidden: true }, h("summary", {}, t("note.title")), list);
  return {
    element,
    /** @param {{file: FileDocument | null}} of a job, or of what is about to be one */
    update({ file }) {
      const notes = file?.notes ?? [];
      element.hidden = notes.length === 0;
      fill(
        list,
        notes.map((note) => h("li", {}, said(note))),
      );
    },
  };
}

/** @param {NoteDocument} note of a newer service it may be one without words here */
function said({ code, detail, facts }) {
  if (!maybe(`note.${code}`)) return h("span", { lang: "en" }, detail);
  const values = Object.entries(facts).map(([name, value]) => [name, Array.isArray(value) ? names(value) : value]);
  return t(`note.${code}`, Object.fromEntries(values));
}

/** @param {string[]} all */
function names(all) {
  const first = all.slice(0, NAMES_SAID).map((name) => `“${name}”`);
  const more = all.length - first.length;
  return listed([...first, ...(more ? [t("note.more", { count: more })] : [])]) || t("note.none");
}
