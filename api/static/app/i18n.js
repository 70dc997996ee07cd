/** The words of the page in the language chosen, and numbers and times in its form. */
import { TURNS } from "./dom.js";
import { forGood, kept } from "./storage.js";

export const LANGUAGES = { en: "English", zh: "中文" };
/** @typedef {keyof typeof LANGUAGES} Language */
/**
 * Each is loaded when it is chosen: a visitor reads one of them.
 * @type {Record<Language, () => Promise<{default: Record<string, string>}>>}
 */
const WORDS = { en: () => import("./words/en.js"), zh: () => import("./words/zh.js") };
const LOCALES = { en: "en-GB", zh: "zh-CN" };

const chosen = kept.get(forGood, "sentiq.language");
const usual = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
let language = chosen !== null && isLanguage(chosen) ? chosen : usual;

/**
 * @param {string} name
 * @returns {name is Language}
 */
function isLanguage(name) {
  return Object.hasOwn(WORDS, name);
}

export function current() {
  return language;
}

/**
 * Raises an error where its words cannot be loaded: all stays as it is then.
 * @param {string} name of one of the languages
 */
export async function choose(name) {
  if (!isLanguage(name)) return;
  await use(name);
  kept.set(forGood, "sentiq.language", name);
}

/** @type {Record<string, string>} */
let known = {};

/** @param {Language} name */
async function use(name) {
  known = (await WORDS[name]()).default;
  language = name;
  document.documentElement.lang = LOCALES[name];
}
await use(language);

/**
 * The words for `key`, with `{name}` replaced by the values; numbers in the form of the language.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  const words = known[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : apart(String(value));
  });
}

/**
 * As dom.js does it for words of their own.
 * @param {string} value
 */
function apart(value) {
  return TURNS.test(value) ? `\u2068${value}\u2069` : value;
}

/**
 * As `t`, or `otherwise` where there are no words, as for the codes of the API.
 * @template {string | undefined} Otherwise
 * @param {string} key
 * @param {Otherwise} [otherwise]
 * @returns {string | Otherwise}
 */
export function maybe(key, otherwise) {
  return known[key] ?? otherwise;
}

/**
 * @param {number} value
 * @param {number} [decimals]
 */
export function number(value, decimals = 0) {
  return formOf(Intl.NumberFormat, { maximumFractionDigits: decimals }).format(value);
}

/**
 * @param {number} share
 * @param {number} [decimals]
 */
export function percent(share, decimals = 1) {
  return formOf(Intl.NumberFormat, { style: "percent", maximumFractionDigits: decimals }).format(share);
}

const forms = new Map(); // to make one takes longer than to use it a hundred times

/**
 * @template Form
 * @template Options
 * @param {new (locale: string, options: Options) => Form} Form
 * @param {Options} options
 * @returns {Form}
 */
function formOf(Form, options) {
  const key = [language, Form.name, JSON.stringify(options)].join();
  if (!forms.has(key)) forms.set(key, new Form(LOCALES[language], options));
  return forms.get(key);
}

/**
 * The name of a language by its code.
 * @param {string} code
 */
export function languageName(code) {
  return formOf(Intl.DisplayNames, { type: "language" }).of(code) ?? code;
}

/**
 * Never 100 % before all is done.
 * @param {number} done
 * @param {number} of
 */
export function progress(done, of) {
  return percent(Math.floor((done * 100) / (of || 1)) / 100, 0);
}

/** @param {number} count */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) [count, at] = [count / 1000, at + 1];
  return `${number(count, at && count < 100 ? 1 : 0)} ${units[at]}`;
}

/**
 * Format an instant of the API in the reader's time zone.
 * @param {string | number} instant
 */
export function time(instant) {
  return formOf(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(instant));
}

/**
 * Seconds as people say them: 42 s, 3 min 20 s, 2 h 5 min.
 * @param {number} seconds
 */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("duration.s", { s });
  if (s < 3600) return t("duration.min", { min: Math.floor(s / 60), s: s % 60 });
  return t("duration.h", { h: Math.floor(s / 3600), min: Math.floor((s % 3600) / 60) });
}

/** @param {string[]} words */
export function listed(words) {
  return formOf(Intl.ListFormat, { type: "conjunction" }).format(words);
}
