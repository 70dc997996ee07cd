/**
 * The API as the pages use it. A read is repeated until it works, and the banner (parts/connection.js) says so.
 * Whatever changes something is tried once, and the page shows what came of it with a way to try again.
 */
import { forSession, kept } from "./storage.js";

const KEY = "sentiq.key";
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 15;
const SOON_MS = 5000; // what fails alone is not asked for more often than that because all else answers
const HIDDEN_MS = 250; // browsers lengthen it for a hidden page

/**
 * `away` (detail: seconds until the next try), `try`, `answers` (to some, while others wait), `back` (to all), `rest`
 * (no request waits any more), and `key` (detail: {problem, operator, give(key or null)}).
 */
export const events = new EventTarget();

/**
 * The detail of `key`.
 * @typedef {{problem: Problem, operator: boolean, give: (key: string | null) => void}} KeyWanted
 */

/**
 * @typedef {{json?: unknown, body?: string, headers?: Record<string, string>, signal?: AbortSignal, ask?: boolean, as?: "json" | "text"}} SendOptions
 * `body` instead of `json`; `as`: how the answer is read
 */

/**
 * What is known of an error.
 * @typedef {object} ProblemDocument
 * @property {string} [title]
 * @property {string} [detail]
 * @property {string} [code]
 * @property {ProblemError[]} [errors]
 * @property {string} [request_id]
 * @property {string} [language] of the detail, where the page wrote it
 */

/** An answer that is an error (RFC 9457), or no answer at all: `status` is 0 then. */
export class Problem extends Error {
  /**
   * @param {number} status of HTTP, or 0
   * @param {ProblemDocument} document
   * @param {number | null} [retryAfterS]
   */
  constructor(status, document, retryAfterS = null) {
    super(document.detail ?? document.title ?? "");
    this.status = status;
    this.code = document.code ?? ""; // a proxy's page has none: its status says what is wrong
    this.detail = document.detail ?? "";
    this.errors = document.errors ?? [];
    this.language = document.language ?? "en"; // of the detail; the service speaks English
    this.requestId = document.request_id ?? "";
    this.retryAfterS = retryAfterS;
  }

  /** Another try may do: the network, the service or Redis is away, or too busy. */
  get passes() {
    if (["upload_stopped", "file_unreadable"].includes(this.code)) return false; // that stays so
    const underWay = this.code === "idempotency_in_progress"; // the first try is still being taken
    return underWay || [0, 429, 502, 503, 504].includes(this.status);
  }
}

export const NO_ANSWER = { code: "no_answer" };

/**
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function problemOf(status, text, retryAfter) {
  let document = {};
  try {
    document = JSON.parse(text);
  } catch {
    // no JSON
  }
  return new Problem(status, document ?? {}, retryAfter ? Number(retryAfter) || null : null);
}

/**
 * The JSON of an answer, null where it has none. Raises Problem.
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function answered(status, text, retryAfter) {
  if (status < 200 || status >= 300) throw problemOf(status, text, retryAfter);
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(status, { code: "unreadable_answer" });
  }
}

/** @returns {Record<string, string>} */
export function authorization() {
  const key = kept.get(forSession, KEY) ?? memory.key;
  return key ? bearer(key) : {};
}

/**
 * What no header can carry is in no key either: it goes as something that is refused.
 * @param {string} key
 */
export function bearer(key) {
  return { Authorization: `Bearer ${key.replace(/[^ -~]/g, "?")}` };
}

/** @type {{key: string | null}} */
const memory = { key: null };

export function hasKey() {
  return "Authorization" in authorization();
}

/** @param {string | null} key */
export function setKey(key) {
  memory.key = key;
  kept.set(forSession, KEY, key);
}

/**
 * One request; the answer's JSON. Raises Problem, and AbortError where `signal` ends it.
 * @param {string} method
 * @param {string} path
 * @param {SendOptions} options
 */
async function once(method, path, { json, body, headers = {}, signal, as = "json" } = {}) {
  /** @type {RequestInit & {headers: Record<string, string>}} */
  const options = { method, signal, headers: { ...authorization(), ...headers }, cache: "no-store", body };
  if (json !== undefined) {
    options.body = JSON.stringify(json);
    options.headers["Content-Type"] = "application/json";
  }
  const { response, text } = await answerOf(path, options);
  if (as === "text" && response.ok) return text;
  return answered(response.status, text, response.headers.get("Retry-After"));
}

/**
 * Fetches and reads to the end: an answer that breaks off is none.
 * @param {string} path
 * @param {RequestInit} options
 */
async function answerOf(path, options) {
  try {
    const response = await fetch(path, options);
    return { response, text: await response.text() };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, NO_ANSWER);
  }
}

/**
 * Like `once`. If a key is missing, asks the user for it, unless `ask` is false, and sends the request again.
 * @param {string} method
 * @param {string} path
 * @param {SendOptions} [options]
 */
export function send(method, path, options = {}) {
  const attempt = () => once(method, path, options);
  return options.ask === false ? attempt() : withKey(attempt);
}

/**
 * Returns the result of the attempt. If a key is missing, asks the user for it and repeats the attempt.
 * @template Result
 * @param {() => Promise<Result>} attempt
 * @returns {Promise<Result>}
 */
export async function withKey(attempt) {
  for (;;) {
    const { Authorization: sent } = authorization();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      if (authorization().Authorization !== sent) continue; // another request has got one in the meantime
      setKey(null); // what is refused is not worth keeping
      if (!(await askForKey(error))) throw error;
    }
  }
}

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * Asks the user for a key, once for all requests that need it. Resolves to true if there is one.
 * @param {Problem} problem
 */
export function askForKey(problem) {
  asking ??= new Promise((/** @type {(key: string | null) => void} */ give) => {
    events.dispatchEvent(new CustomEvent("key", { detail: { problem, operator: false, give } }));
  }).then((key) => {
    asking = null;
    if (key) setKey(key);
    return Boolean(key);
  });
  return asking;
}

/**
 * Read, however long the service is away. Raises Problem for what does not pass, and AbortError.
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export async function get(path, signal) {
  for (let pauseS = FIRST_PAUSE_S; ; pauseS = Math.min(pauseS * 2, LONGEST_PAUSE_S)) {
    try {
      const answer = await send("GET", path, { signal });
      answers();
      return answer;
    } catch (error) {
      if (!(error instanceof Problem)) {
        if (waiting === 0) events.dispatchEvent(new Event("rest")); // left in the middle of a try
        throw error;
      }
      if (!error.passes) {
        answers();
        throw error;
      }
      await untilNextTry(error, Math.min(error.retryAfterS ?? pauseS, LONGEST_PAUSE_S), signal);
    }
  }
}

let waiting = 0;
let triedAgain = 0; // when the last pause was over

/**
 * Ms since then (`performance.now()`), without what went by while the service was away.
 * @param {number} began
 */
export function spentSince(began) {
  return performance.now() - Math.max(began, triedAgain);
}

/** The service answers: requests that wait because it did not are repeated now. */
function answers() {
  events.dispatchEvent(new Event(waiting ? "answers" : "back"));
}

/**
 * Ends early when the network comes back or the user asks for it.
 * @param {Problem} problem
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 */
async function untilNextTry(problem, seconds, signal) {
  waiting += 1;
  const waked = new AbortController();
  const wake = () => waked.abort();
  addEventListener("online", wake, { signal: waked.signal });
  events.addEventListener("try", wake, { signal: waked.signal });
  const early = setTimeout(() => {
    if (problem.status === 0) events.addEventListener("answers", wake, { signal: waked.signal });
  }, SOON_MS);
  events.dispatchEvent(new CustomEvent("away", { detail: seconds }));
  await pause(seconds * 1000, (signal && AbortSignal.any([signal, waked.signal])) || waked.signal).catch(() => {});
  waked.abort();
  clearTimeout(early);
  waiting -= 1;
  triedAgain = performance.now();
  if (signal?.aborted && waiting === 0) events.dispatchEvent(new Event("rest"));
  signal?.throwIfAborted();
}

/**
 * Raises the signal's reason when it ends the pause.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop); // a page may stay for days
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Ask again and again, `everyMs` between two answers, until `work` returns true. A hidden page rests.
 * @param {() => Promise<unknown>} work
 * @param {number} everyMs
 * @param {AbortSignal} signal
 */
export async function poll(work, everyMs, signal) {
  while (!(await work())) {
    await pause(everyMs, signal);
    while (document.hidden) await pause(HIDDEN_MS, signal);
  }
}

/**
 * @param {string} path
 * @param {unknown} [json]
 * @param {Record<string, string>} [headers]
 */
export function post(path, json, headers) {
  return send("POST", path, { json, headers });
}

/**
 * `{a: 1, b: null, c: "", d: [2, ""]}` → `?a=1&d=2&d=`
 * @param {Record<string, unknown>} values
 */
export function query(values) {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of [value].flat()) set.append(name, String(one));
  }
  return set.size ? `?${set}` : "";
}

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
