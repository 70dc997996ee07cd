/** What is shown of a job, kept in the address, so that a reload, a shared link and *back* show the same. */
import { UNLABELLED } from "./parts/prediction.js";
import { settings } from "./settings.js";

/** In the address, in this order; what is as usual is not written there. */
const NAMES = ["label", "from", "to", "contains", "column", "value", "sort", "by", "band", "size", "columns"];
export const SORTS = ["", "polarity", "-polarity", "-score", "score"];
export const SIZES = ["20", "50", "100"];

/**
 * What an address may say; anything else there counts as not said.
 * @type {Record<string, (value: string) => boolean>}
 */
const SOUND = {
  from: isShare,
  to: isShare,
  band: (value) => isShare(value) && Number(value) <= 0.5,
  sort: (value) => SORTS.includes(value),
  size: (value) => SIZES.includes(value),
  contains: (value) => value.length <= 200,
};

/** @param {string} value */
function isShare(value) {
  return value !== "" && Number(value) >= 0 && Number(value) <= 1;
}

/** Tells of itself by `change`, with the names of what is other than before in `detail`. */
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
    const said = NAMES.filter((name) => next[name] !== null && next[name] !== undefined && next[name] !== "");
    if (next.column && !said.includes("value")) said.push("value"); // a cell may be empty
    const words = new URLSearchParams(said.map((name) => [name, next[name] ?? ""])).toString();
    return location.pathname + (words && `?${words}`);
  }

  /** The address is another one now. */
  follow() {
    const before = this.#values;
    this.#values = read();
    const detail = NAMES.filter((name) => (before[name] ?? null) !== this.get(name));
    if (detail.length) this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  /** Only some of the rows are wanted. */
  get filtered() {
    return ["label", "from", "to", "contains", "column"].some((name) => this.get(name) !== null);
  }

  /** Which rows, as the API is asked for them. */
  get filter() {
    const label = this.get("label");
    const only = label !== null && UNLABELLED.includes(label);
    return {
      label: only ? null : label,
      only: only ? label : null,
      min_score: this.get("from"),
      max_score: this.get("to"),
      contains: this.get("contains"),
      column: this.get("column"),
      value: this.get("column") === null ? null : this.get("value"),
      neutral_band: this.band,
    };
  }
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
    if (value !== null && (value !== "" || name === "value") && (SOUND[name]?.(value) ?? true)) values[name] = value;
  }
  if (values.column === undefined || values.value === undefined) {
    delete values.column;
    delete values.value;
  }
  return values;
}
