/** A label, and the probabilities behind it. */
import { h } from "../dom.js";
import { languageName, maybe, percent, t } from "../i18n.js";

export const LABELS = ["negative", "neutral", "positive"];
export const UNLABELLED = ["failed", "without_text"]; // how rows without a label are counted
const COLOURED = [...LABELS, ...UNLABELLED];

/**
 * How many rows have a label, of the counts of all.
 * @param {Record<string, number>} counts
 */
export function labelled(counts) {
  return Object.entries(counts).reduce((sum, [name, count]) => sum + (UNLABELLED.includes(name) ? 0 : count), 0);
}

/** @param {string} label */
export function labelName(label) {
  return maybe(`label.${label}`, label);
}

/** @param {string} label */
export function badge(label) {
  return h("span", { class: `badge ${COLOURED.includes(label) ? label : ""}` }, labelName(label));
}

/**
 * `[[label, share 0…1], …]` as one bar of coloured parts; the words say the same.
 * @param {Array<[label: string, share: number]>} shares
 * @param {string} words
 */
export function stackedBar(shares, words) {
  const bar = h("span", { class: "bar", role: "img", "aria-label": words, title: words });
  for (const [label, share] of shares) {
    const part = h("span", { class: `part ${COLOURED.includes(label) ? label : "other"}` });
    part.style.flexGrow = String(share);
    if (share > 0) bar.append(part);
  }
  return bar;
}

/**
 * The probabilities of a row, in a fixed order.
 * @param {Record<string, number>} probabilities
 */
export function scoreBar(probabilities) {
  const shares = inOrder(Object.entries(probabilities));
  return stackedBar(shares, shares.map(([label, p]) => `${labelName(label)} ${percent(p)}`).join(", "));
}

/**
 * @template Value
 * @param {Array<[label: string, value: Value]>} entries
 */
export function inOrder(entries) {
  const place = (/** @type {string} */ label) => COLOURED.indexOf(label) + 1 || LABELS.length + 0.5; // labels of other models between
  return [...entries].sort(([a], [b]) => place(a) - place(b));
}

/**
 * What a row has beside its label: truncated, degraded, its language with the model that was chosen by it.
 * @param {{truncated: boolean, degraded: boolean, language?: string, model?: string}} row
 */
export function flags(row) {
  const found = /** @type {const} */ (["truncated", "degraded"])
    .filter((name) => row[name])
    .map((name) => h("span", { class: "flag", title: t(`${name}.why`) }, t(name)));
  if (row.language)
    found.push(
      h(
        "span",
        { class: "flag", title: `${languageName(row.language)} · ${row.model}` },
        `${row.language} · ${row.model?.split("@")[0]}`,
      ),
    );
  return found;
}

/**
 * The language of a row that has no label: no model stands beside it, since none has answered.
 * @param {{language?: string}} row
 */
export function languageFlag({ language }) {
  return language && h("span", { class: "flag", title: languageName(language) }, language);
}

/**
 * The text of a row, with the part marked that tells what it says of the aspect.
 * @param {RowDocument} row
 * @param {string | null} aspect
 * @returns {import("../dom.js").Child}
 */
export function textOf({ text = "", aspects = [] }, aspect) {
  const clause = aspects.find((found) => found.aspect === aspect)?.clause ?? "";
  const at = clause ? text.indexOf(clause) : -1;
  if (at < 0) return text;
  return [text.slice(0, at), h("mark", {}, clause), text.slice(at + clause.length)];
}

/**
 * What a row says of the aspects of which it speaks.
 * @param {RowDocument} row
 */
export function opinions({ aspects = [] }) {
  const words = aspects.map(({ aspect, label, clause }) =>
    h(
      "span",
      { class: `badge ${COLOURED.includes(label) ? label : ""}`, title: clause },
      `${aspect} · ${labelName(label)}`,
    ),
  );
  return words.length > 0 && h("div", { class: "opinions" }, words);
}

/**
 * What a row with an error is counted as.
 * @param {ErrorDocument} error
 */
export function countsAs(error) {
  return error.code === "empty_text" ? "without_text" : "failed";
}

/**
 * The badge of a row with an error.
 * @param {ErrorDocument} error
 */
export function noLabel(error) {
  const name = countsAs(error);
  return h("span", { class: `badge ${name}` }, labelName(name));
}

/**
 * Why a row failed, in the words of the page.
 * @param {string} code
 */
export function fault(code) {
  return maybe(`fault.${code}`, code);
}

/**
 * What to do about it, in a sentence; "" where nothing is known.
 * @param {string} code
 */
export function remedyOf(code) {
  return maybe(`cure.${code}`, "");
}

/**
 * Exactly why, in those of the service, without the number of the line: it stands beside it.
 * @param {RowErrorDocument} error
 */
export function detail(error) {
  const text = error.line ? error.detail.replace(/^Line \d+: /, "") : error.detail;
  return h("small", { lang: "en" }, text);
}
