/** A label, and the probabilities behind it. */
import { h } from "../dom.js";
import { maybe, percent, t } from "../i18n.js";

export const LABELS = ["negative", "neutral", "positive"];
export const UNLABELLED = ["failed", "without_text"]; // how rows without a label are counted
const COLOURED = [...LABELS, ...UNLABELLED];

/** How many rows have a label, of the counts of all. */
export function labelled(counts) {
  return Object.entries(counts).reduce((sum, [name, count]) => sum + (UNLABELLED.includes(name) ? 0 : count), 0);
}

export function labelName(label) {
  return maybe(`label.${label}`, label);
}

export function badge(label) {
  return h("span", { class: `badge ${COLOURED.includes(label) ? label : ""}` }, labelName(label));
}

/** `[[label, share 0…1], …]` as one bar of coloured parts; the words say the same. */
export function stackedBar(shares, words) {
  const bar = h("span", { class: "bar", role: "img", "aria-label": words, title: words });
  for (const [label, share] of shares) {
    const part = h("span", { class: `part ${COLOURED.includes(label) ? label : "other"}` });
    part.style.flexGrow = String(share);
    if (share > 0) bar.append(part);
  }
  return bar;
}

/** The probabilities of a row, in a fixed order. */
export function scoreBar(probabilities) {
  const shares = inOrder(Object.entries(probabilities));
  return stackedBar(shares, shares.map(([label, p]) => `${labelName(label)} ${percent(p)}`).join(", "));
}

export function inOrder(entries) {
  const place = (label) => COLOURED.indexOf(label) + 1 || LABELS.length + 0.5; // labels of other models between
  return [...entries].sort(([a], [b]) => place(a) - place(b));
}

/** What a row has beside its label: truncated, degraded. */
export function flags(row) {
  return ["truncated", "degraded"]
    .filter((name) => row[name])
    .map((name) => h("span", { class: "flag", title: t(`${name}.why`) }, t(name)));
}

/** What a row with an error is counted as. */
export function countsAs(error) {
  return error.code === "empty_text" ? "without_text" : "failed";
}

/** The badge of a row with an error. */
export function noLabel(error) {
  const name = countsAs(error);
  return h("span", { class: `badge ${name}` }, labelName(name));
}

/** Why a row failed, in the words of the page. */
export function fault(code) {
  return maybe(`fault.${code}`, code);
}

/** What to do about it, in a sentence; "" where nothing is known. */
export function remedyOf(code) {
  return maybe(`cure.${code}`, "");
}

/** Exactly why, in those of the service, without the number of the line: it stands beside it. */
export function detail(error) {
  const text = error.line ? error.detail.replace(/^Line \d+: /, "") : error.detail;
  return h("small", { lang: "en" }, text);
}
