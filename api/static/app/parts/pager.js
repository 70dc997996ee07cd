/** Pages behind each other, each reached by a cursor that the one before it gave. */
import { h } from "../dom.js";

/**
 * @param {string} backWords
 * @param {string} onWords
 * @param {() => unknown} turned called when another page is wanted
 * @param {Array<string | null>} [cursors] of the pages from the first to the present one
 */
export function pager(backWords, onWords, turned, cursors = [null]) {
  const back = button(backWords, () => turn(-1));
  const on = button(onWords, () => turn(1));
  /** @type {string | null} */
  let next = null; // none while a page is on its way: pressing twice does not skip a page

  /** @param {number} step 1 or -1 */
  function turn(step) {
    if (step > 0 ? !next : cursors.length === 1) return;
    if (step > 0) cursors.push(next);
    else cursors.pop();
    next = null;
    turned();
  }

  return {
    back,
    on,
    /** Of the page that is wanted; null for the first. */
    get cursor() {
      return cursors.at(-1) ?? null;
    },
    /** The way to it, for another pager that begins there. */
    get cursors() {
      return cursors;
    },
    /** Its number, from 1. */
    get number() {
      return cursors.length;
    },
    reset() {
      cursors = [null];
      next = null;
    },
    /** @param {string | null} following leads from the page that is there to the next one, null: there is none (yet) */
    arrived(following) {
      next = following;
      const pressed = document.activeElement;
      back.disabled = cursors.length === 1;
      on.disabled = !next;
      if (pressed === on && on.disabled) back.focus(); // the keyboard stays where the pages are turned
      if (pressed === back && back.disabled) on.focus();
    },
  };
}

/**
 * @param {string} words
 * @param {() => void} onclick
 */
function button(words, onclick) {
  return h("button", { type: "button", class: "small secondary", disabled: true, onclick }, words);
}
