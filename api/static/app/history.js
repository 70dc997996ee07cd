/** Texts that were analysed in this browser, newest first. They stay here: the service keeps no such list. */
import { forGood, kept } from "./storage.js";

const NAME = "sentiq.history";
const MOST = 1000;

/**
 * @typedef {object} Entry
 * @property {number} at Unix ms
 * @property {string} text
 * @property {Record<string, number>} probabilities
 * @property {boolean} truncated
 * @property {boolean} degraded
 * @property {string} model
 * @property {string} [language]
 */

let entries = load();
/** `change`: another tab has written. What is added here must not undo that. */
export const events = new EventTarget();
addEventListener("storage", ({ key }) => {
  if (key !== NAME && key !== null) return;
  entries = load();
  events.dispatchEvent(new Event("change"));
});

/** @returns {Entry[]} */
function load() {
  try {
    const found = JSON.parse(kept.get(forGood, NAME) ?? "[]");
    return Array.isArray(found) ? found.filter((entry) => typeof entry?.text === "string" && entry.probabilities) : [];
  } catch {
    return [];
  }
}

/** Those whose text contains the words, whatever their case. */
export function search(words = "") {
  const wanted = words.trim().toLowerCase();
  return entries.filter((entry) => entry.text.toLowerCase().includes(wanted));
}

/**
 * The same text again takes the place of its older entry.
 * @param {Array<RowDocument & {text: string}>} rows
 */
export function add(rows) {
  const at = Date.now();
  /** @type {Map<string, Entry>} */
  const fresh = new Map();
  for (const { text, probabilities, truncated, degraded, model, language } of rows)
    if (probabilities) fresh.set(text, { at, text, probabilities, truncated, degraded, model, language });
  entries = [...fresh.values(), ...entries.filter((entry) => !fresh.has(entry.text))].slice(0, MOST);
  save();
}

export function clear() {
  entries = [];
  kept.set(forGood, NAME, null);
}

/** Where there is no room for all, the older half goes. */
function save() {
  for (let count = entries.length; count > 0; count = Math.floor(count / 2)) {
    if (kept.set(forGood, NAME, JSON.stringify(entries.slice(0, count)))) return;
  }
}
