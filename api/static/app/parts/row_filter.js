/** Which rows of a job are shown, and in which order. What is chosen stands in the address. */
import { fill, h } from "../dom.js";
import { languageName, t } from "../i18n.js";
import { JobView, SIZES, SORTS } from "../job_view.js";
import { filterChips } from "./chips.js";
import { field, select } from "./field.js";
import { inOrder, LABELS, labelName, UNLABELLED } from "./prediction.js";

const TYPING_MS = 350;
/** @type {Record<string, string>} */
const SORT_WORDS = {
  "": "sort.rows",
  polarity: "sort.negative",
  "-polarity": "sort.positive",
  "-score": "sort.surest",
  score: "sort.unsure",
};

/**
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function rowFilter(signal, view) {
  const label = select([], { onchange: () => view.set({ label: label.value || null }) });
  const language = select([], { onchange: () => view.set({ language: language.value || null }) });
  const languageField = field(t("rows.language"), language);
  const sort = select(
    SORTS.map((name) => [name, t(SORT_WORDS[name])]),
    { onchange: () => view.set({ sort: sort.value || null }) },
  );
  const search = typed("search", "contains", { maxlength: "200" }, (text) => text.trim() || null);
  const from = share("min_score");
  const to = share("max_score");
  const size = select(
    SIZES.map((n) => [n, n]),
    { onchange: () => view.set({ size: size.value === SIZES[0] ? null : size.value }) },
  );
  const columns = h("input", {
    type: "checkbox",
    onchange: () => view.set({ columns: columns.checked ? "1" : null }),
  });
  const columnsField = h("label", { class: "check", hidden: true }, columns, t("rows.columns"));
  const chosen = filterChips(signal, view, clear, () => search.focus());
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  const typing = new Map(); // of fields, the timers
  let known = LABELS;
  /** @type {string[]} */
  let languages = [];
  /** @type {JobDocument | null} */
  let job = null;

  /**
   * A field whose letters are followed while they are typed.
   * @param {string} type
   * @param {string} name
   * @param {Record<string, string>} props
   * @param {(text: string) => string | null} meant what is typed, as the view has it
   */
  function typed(type, name, props, meant) {
    const input = h("input", { type, ...props, oninput: follow, oncompositionend: follow });
    /** @param {Event} event */
    function follow(event) {
      if (event instanceof InputEvent && event.isComposing) return; // the letters of a word that is not chosen yet
      clearTimeout(typing.get(name));
      if (!input.validity.valid) return; // half typed, or beyond the range: the browser says so
      const value = meant(input.value);
      const act = () => {
        typing.delete(name);
        if (!signal.aborted) view.set({ [name]: value }, { quietly: true });
      };
      typing.set(name, setTimeout(act, TYPING_MS));
    }
    return input;
  }

  /**
   * Of the score in percent, as the table has it.
   * @param {string} name
   */
  function share(name) {
    const inPercent = (/** @type {string} */ text) =>
      text === "" ? null : String(Number((Number(text) / 100).toFixed(5)));
    return typed("number", name, { min: "0", max: "100", step: "any", inputmode: "decimal" }, inPercent);
  }

  function draw() {
    const names = [...new Set([...known, ...UNLABELLED])];
    const labelChosen = view.get("label");
    if (labelChosen && !names.includes(labelChosen)) names.push(labelChosen); // the address may know more than has come so far
    fill(
      label,
      option("", t("rows.all")),
      names.map((name) => option(name, labelName(name))),
    );
    label.value = labelChosen ?? "";
    const languageChosen = view.get("language");
    const codes = new Set(languageChosen ? [...languages, languageChosen] : languages);
    languageField.hidden = codes.size === 0;
    fill(
      language,
      option("", t("rows.all")),
      [...codes].map((code) => option(code, languageName(code))),
    );
    language.value = languageChosen ?? "";
    sort.value = view.get("sort") ?? "";
    sort.disabled = !job?.ended_at;
    sort.title = sort.disabled ? t("sort.later") : "";
    size.value = view.get("size") ?? SIZES[0];
    columns.checked = view.get("columns") !== null;
    show(search, "contains", (value) => value);
    showShare(from, "min_score");
    showShare(to, "max_score");
  }

  /**
   * @param {HTMLInputElement} input
   * @param {string} name
   */
  function showShare(input, name) {
    show(input, name, (value) => String(Number((Number(value) * 100).toFixed(3))));
  }

  /**
   * Shows the value, unless the user is typing there.
   * @param {HTMLInputElement} input
   * @param {string} name
   * @param {(value: string) => string} words
   */
  function show(input, name, words) {
    const value = view.get(name);
    if (!typing.has(name) && document.activeElement !== input) input.value = value === null ? "" : words(value);
  }

  function clear() {
    for (const timer of typing.values()) clearTimeout(timer);
    typing.clear();
    for (const input of [search, from, to]) input.value = "";
    view.set(JobView.nothing);
  }

  view.addEventListener("change", draw, { signal });
  const element = h(
    "search",
    { class: "rows-filter", "aria-label": t("rows.filter") },
    h(
      "div",
      { class: "fields tools" },
      field(t("rows.search"), search),
      field(t("rows.label"), label),
      languageField,
      h(
        "fieldset",
        { class: "field" },
        h("legend", {}, t("rows.range")),
        h(
          "div",
          { class: "range" },
          named(from, "rows.from"),
          h("span", { "aria-hidden": "true" }, "–"),
          named(to, "rows.to"),
        ),
      ),
      field(t("sort.label"), sort),
      field(t("rows.size"), size),
    ),
    columnsField,
    chosen.element,
  );
  draw();
  return {
    element,
    /**
     * @param {string[]} found labels that rows of the job have
     * @param {string[]} spoken codes of the languages that they have
     */
    offer(found, spoken) {
      const names = inOrder([...new Set([...LABELS, ...found])].map((name) => [name, null]))
        .map(([name]) => name)
        .filter((name) => !UNLABELLED.includes(name));
      if (String([names, spoken]) === String([known, languages])) return;
      [known, languages] = [names, spoken];
      draw();
    },
    /**
     * @param {JobDocument} fresh
     * @param {boolean} hasColumns
     */
    update(fresh, hasColumns) {
      const ended = job?.ended_at;
      const first = job === null;
      job = fresh;
      columnsField.hidden = !hasColumns;
      chosen.update(job);
      if (first || Boolean(ended) !== Boolean(job.ended_at)) draw();
    },
  };
}

/**
 * @param {string} value
 * @param {string} words
 */
function option(value, words) {
  return h("option", { value }, words);
}

/**
 * @param {HTMLInputElement} input
 * @param {string} key
 */
function named(input, key) {
  input.setAttribute("aria-label", t(key));
  input.placeholder = t(key);
  return input;
}
