/** What rows must have to be shown: one button for each filter, which lets it go. */
import { fill, h } from "../dom.js";
import { languageName, number, t } from "../i18n.js";
import { labelName } from "./prediction.js";

/** @import { JobView } from "../job_view.js" */

/** @typedef {{words: string, changes: Record<string, string | null>}} Chip */

/**
 * @param {AbortSignal} signal
 * @param {JobView} view
 * @param {() => unknown} clear lets all of them go
 * @param {() => unknown} after called when one was let go, whose button is not there any more
 */
export function filterChips(signal, view, clear, after) {
  const element = h("div", { class: "chosen" });
  /** @type {JobDocument | null} */
  let job = null;

  function draw() {
    const chips = filtersOf(view, job);
    fill(
      element,
      chips.map(({ words, changes }) => button(() => view.set(changes), words, true)),
      chips.length > 0 && button(clear, t("rows.clear")),
    );
  }

  /**
   * @param {() => unknown} act
   * @param {string} words
   * @param {boolean} [letsGo]
   */
  function button(act, words, letsGo = false) {
    const onclick = () => {
      act();
      after();
    };
    return h(
      "button",
      { type: "button", class: "small secondary", onclick, title: letsGo && t("rows.let_go") },
      words,
      letsGo && [h("span", { "aria-hidden": "true" }, " ✕"), h("span", { class: "unseen" }, t("rows.let_go"))],
    );
  }

  view.addEventListener("change", draw, { signal });
  return {
    element,
    /** @param {JobDocument} fresh */
    update(fresh) {
      if (job) return; // its columns do not change
      job = fresh;
      draw();
    },
  };
}

/**
 * @param {JobView} view
 * @param {JobDocument | null} job
 * @returns {Chip[]}
 */
function filtersOf(view, job) {
  const chosen = (/** @type {string} */ name) => view.get(name);
  const named = (/** @type {string} */ column, /** @type {string} */ value) => t("rows.cell", { column, value });
  /** @type {Chip[]} */
  const chips = [];
  const aspect = chosen("aspect");
  if (aspect !== null) chips.push({ words: named(t("aspects.aspect"), aspect), changes: { aspect: null } });
  const label = chosen("label");
  if (label !== null) chips.push({ words: named(t("rows.label"), labelName(label)), changes: { label: null } });
  view.cells.forEach(([column, value], at) => {
    const heading = job?.file?.columns?.[Number(column) - 1] || column;
    const cells = JSON.stringify(view.cells.toSpliced(at, 1));
    chips.push({ words: named(heading, value || t("split.empty")), changes: { cells } });
  });
  const [from, to] = [chosen("from"), chosen("to")];
  if (from !== null || to !== null) {
    const words = from === to ? String(from) : t("rows.dates", { from: from ?? "", to: to ?? "" });
    chips.push({ words, changes: { from: null, to: null } });
  }
  const language = chosen("language");
  if (language !== null)
    chips.push({ words: named(t("rows.language"), languageName(language)), changes: { language: null } });
  const contains = chosen("contains");
  if (contains !== null) chips.push({ words: t("rows.words", { contains }), changes: { contains: null } });
  const [least, most] = [chosen("min_score") ?? 0, chosen("max_score") ?? 1].map((score) =>
    number(100 * Number(score), 3),
  );
  if (chosen("min_score") !== null || chosen("max_score") !== null)
    chips.push({ words: named(t("rows.range"), `${least}–${most}`), changes: { min_score: null, max_score: null } });
  return chips;
}
