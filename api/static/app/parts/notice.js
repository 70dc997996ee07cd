/** What went wrong and what to do about it, where it happened. */
import { askForKey, Problem } from "../api.js";
import { fill, h } from "../dom.js";
import { maybe, t } from "../i18n.js";
import { refusal } from "./refusals.js";

const MOST_ERRORS = 10;

/** @typedef {(entry: ProblemError) => string | null | undefined} Place */

/** @typedef {{retry?: () => unknown, place?: Place}} NoticeOptions */

/**
 * @param {unknown} error a Problem, or a fault of ours
 * @param {NoticeOptions} [options] `retry` is offered as a button, and tried by
 *   itself where waiting may help; `place` turns an entry of `errors` into words for where it is
 */
export function notice(error, { retry, place } = {}) {
  if (!(error instanceof Problem)) {
    console.error(error);
    return box(
      t("error.page"),
      [h("p", { lang: "en" }, error instanceof Error ? error.message : String(error))],
      retry && again(retry),
    );
  }
  const entries = error.errors.slice(0, MOST_ERRORS);
  const remedy = maybe(`remedy.${error.code}`);
  const ours = error.language !== "en" || (!remedy && entries.length === 0); // nothing else says what is wrong
  const content = [
    ours && error.status !== 0 && h("p", { lang: error.language }, error.detail),
    remedy && h("p", {}, remedy),
    entries.length > 0 &&
      h(
        "ul",
        {},
        entries.map((entry) => {
          const named = entry.pointer === "/file" ? "" : entry.pointer; // which file, one has just seen
          const where = place?.(entry) ?? named ?? (entry.line ? t("error.line", { line: entry.line }) : "");
          const exactly = entry.detail !== error.detail && exact(entry.detail);
          return h("li", {}, where && h("strong", {}, `${where}: `), refusal(entry.code), exactly);
        }),
      ),
    error.errors.length > MOST_ERRORS && h("p", {}, t("error.more", { count: error.errors.length - MOST_ERRORS })),
    !ours && error.status !== 0 && exact(error.detail),
    error.requestId && h("p", { class: "muted" }, t("error.request", { id: error.requestId })),
  ];
  const title = maybe(
    `error.${error.code}`,
    maybe(`error.${error.status}`, t("error.other", { status: error.status })),
  );
  if (error.status === 401 && retry) return box(title, content, withKey(error, retry));
  return box(title, content, retry && (error.passes ? byItself(error, retry) : again(retry)));
}

/**
 * The service's own words, with names and numbers, for who reads English or asks its operator.
 * @param {string} detail
 */
function exact(detail) {
  return h("small", { lang: "en" }, detail);
}

/**
 * What all notices look like.
 * @param {string} title
 * @param {import("../dom.js").Child} [content]
 * @param {import("../dom.js").Child} [button]
 */
export function box(title, content, button) {
  return h("div", { class: "notice", role: "alert" }, h("p", {}, h("strong", {}, title)), content, button);
}

/** @param {() => unknown} retry */
function again(retry) {
  return h("button", { type: "button", class: "small", onclick: retry }, t("error.again"));
}

/**
 * @param {Problem} error
 * @param {() => unknown} retry
 */
function withKey(error, retry) {
  const ask = async () => {
    if (await askForKey(error)) retry();
  };
  return h("button", { type: "button", class: "small", onclick: ask }, t("key.give"));
}

const TRIES_AFTER_S = 5;

/**
 * Counts down and tries again, unless the user stops it or the notice is gone; at once when the network is back.
 * @param {Problem} error
 * @param {() => unknown} retry
 */
function byItself(error, retry) {
  let left = error.retryAfterS ?? TRIES_AFTER_S;
  const words = h("span", { "aria-live": "off" }); // an alert, but not each second
  const first = again(() => {
    stop();
    retry();
  });
  const hold = h("button", { type: "button", class: "small secondary" }, t("error.hold"));
  hold.addEventListener("click", () => {
    stop();
    first.focus();
    hold.remove();
  });
  const line = h("div", { class: "buttons" }, first, words, hold);
  const now = () => {
    const there = line.isConnected;
    stop();
    if (there) retry();
  };
  const tick = () => {
    words.textContent = t("error.again_in", { s: left });
    if (left-- <= 0) now();
  };
  const timer = setInterval(tick, 1000);
  const over = new AbortController();
  const stop = () => {
    over.abort();
    clearInterval(timer);
    words.textContent = "";
  };
  if (error.status === 0) addEventListener("online", now, { signal: over.signal });
  tick();
  return line;
}

/** A place for notices: `show` replaces what is there, `clear` empties it. */
export function noticeBoard() {
  const element = h("div", { class: "board" });
  return {
    element,
    show: (/** @type {unknown} */ error, /** @type {NoticeOptions} */ options = {}) =>
      fill(element, notice(error, options)),
    clear: () => fill(element),
  };
}
