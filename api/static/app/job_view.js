/** What is shown of a job, kept in the address, so that a reload, a shared link and *back* show the same. */
import { UNLABELLED } from "./parts/prediction.js";
import { settings } from "./settings.js";

/** Which rows: `cells` are pairs of `column` and `value`, written one after the other. */
export const FILTERS = ["aspect", "label", "min_score", "max_score", "contains", "cells", "from", "to", "language"];
/** In the address, in this order; what is as usual is not written there. */
const NAMES = [...FILTERS, "sort", "by", "step", "against", "down", "across", "band", "size", "columns"];
export const SORTS = ["", "polarity", "-polarity", "-score", "score"];
export const SIZES = ["20", "50", "100"];
export const STEPS = ["hour", "day", "week", "month"];
export const AGAINST = ["rest", "labels", "groups"];
const PERIOD = /^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d)?)?)?)?$/;
/** The place of the rows, in links that lead to them. */
const ROWS = "#rows-title";

/**
 * What an address may say; anything else there counts as not said.
 * @type {Record<string, (value: string) => boolean>}
 */
const SOUND = {
  min_score: isShare,
  max_score: isShare,
  from: (value) => PERIOD.test(value),
  to: (value) => PERIOD.test(value),
  step: (value) => STEPS.includes(value),
  against: (value) => AGAINST.includes(value),
  band: (value) => isShare(value) && Number(value) <= 0.5,
  sort: (value) => SORTS.includes(value),
  size: (value) => SIZES.includes(value),
  contains: (value) => value.length <= 200,
  language: (value) => /^[a-z]{2,3}$/.test(value),
};

/** @param {string} value */
function isShare(value) {
  return value !== "" && Number(value) >= 0 && Number(value) <= 1;
}

/** @typedef {[column: string, value: string]} Cell */

/**
 * Tells of itself by `change`, with the names of what is other than before in `detail`, and by `rows` when a link to
 * the rows was followed.
 */
export class JobView extends EventTarget {
  /** @type {Record<string, string>} */
  #values = {};
  #usualBand = settings.neutral_band;

  constructor() {
    super();
    this.#values = read();
  }

  /**
   * As it stands in the address; null where that does not say it.
   * @param {string} name
   */
  get(name) {
    return this.#values[name] ?? null;
  }

  get band() {
    return Number(this.get("band") ?? this.#usualBand);
  }

  /**
   * That of the job, where it has one: such a band is not written down.
   * @param {number} value
   */
  set usualBand(value) {
    this.#usualBand = value;
  }

  /**
   * @param {Record<string, string | null>} changes null: as usual
   * @param {{quietly?: boolean}} [options] `quietly`: no step that one would go back, as with each letter that is typed
   */
  set(changes, { quietly = false } = {}) {
    const path = this.href(changes);
    if (path === here()) return;
    if (quietly) history.replaceState(history.state, "", path);
    else history.pushState(null, "", path);
    this.follow();
  }

  /**
   * The address that shows this view with these changes.
   * @param {Record<string, string | null>} changes
   */
  href(changes) {
    /** @type {Record<string, string | null>} */
    const next = { ...this.#values, ...changes };
    if (next.band !== null && Number(next.band) === this.#usualBand) next.band = null;
    const words = new URLSearchParams();
    for (const name of NAMES) {
      const value = next[name];
      if (!value) continue;
      if (name !== "cells") words.append(name, value);
      else
        for (const [column, cell] of cellsOf(value)) {
          words.append("column", column);
          words.append("value", cell);
        }
    }
    return location.pathname + (words.size ? `?${words}` : "");
  }

  /**
   * The same, for a link that leads to the rows.
   * @param {Record<string, string | null>} changes
   */
  toRows(changes) {
    return this.href(changes) + ROWS;
  }

  /**
   * Go where such a link leads.
   * @param {Record<string, string | null>} changes
   */
  showRows(changes) {
    history.pushState(null, "", this.toRows(changes));
    this.follow();
  }

  /** The address is another one now. */
  follow() {
    const before = this.#values;
    this.#values = read();
    const detail = NAMES.filter((name) => (before[name] ?? null) !== this.get(name));
    if (detail.length) this.dispatchEvent(new CustomEvent("change", { detail }));
    if (location.hash === ROWS) this.dispatchEvent(new Event("rows"));
  }

  /** Cells of the file that rows must have: one of those of each column. */
  get cells() {
    return cellsOf(this.get("cells"));
  }

  /**
   * The cells with this one in the place of others of its columns, as `set` takes them.
   * @param {Cell[]} cells
   * @param {string[]} [free] columns that may have any value
   */
  withCells(cells, free = cells.map(([column]) => column)) {
    const others = this.cells.filter(([column]) => !free.includes(column));
    return JSON.stringify([...others, ...cells]);
  }

  /** Only some of the rows are wanted. */
  get filtered() {
    return FILTERS.some((name) => this.get(name) !== null);
  }

  /** Which rows, as the API is asked for them. */
  get filter() {
    const label = this.get("label");
    const only = label !== null && UNLABELLED.includes(label);
    return {
      label: only ? null : label,
      only: only ? label : null,
      min_score: this.get("min_score"),
      max_score: this.get("max_score"),
      contains: this.get("contains"),
      column: this.cells.map(([column]) => column),
      value: this.cells.map(([, value]) => value),
      from: this.get("from"),
      to: this.get("to"),
      aspect: this.get("aspect"),
      language: this.get("language"),
      neutral_band: this.band,
    };
  }

  /** Rows of all labels and scores, as the API is asked for their shares. */
  get slice() {
    return { ...this.filter, label: null, only: null, min_score: null, max_score: null };
  }

  /** No filter at all. */
  static get nothing() {
    return Object.fromEntries(FILTERS.map((name) => [name, null]));
  }
}

/**
 * @param {string | null | undefined} text
 * @returns {Cell[]}
 */
function cellsOf(text) {
  return text ? JSON.parse(text) : [];
}

function here() {
  return location.pathname + location.search;
}

function read() {
  const found = new URLSearchParams(location.search);
  /** @type {Record<string, string>} */
  const values = {};
  for (const name of NAMES) {
    const value = found.get(name);
    if (value && name !== "cells" && (SOUND[name]?.(value) ?? true)) values[name] = value;
  }
  const cells = found.getAll("value").map((value, at) => [found.getAll("column")[at], value]);
  if (cells.length && cells.every(([column]) => column)) values.cells = JSON.stringify(cells);
  return values;
}
