/** Parts of a page that are read from the service, and read again when what they depend on has changed. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { noticeBoard } from "./notice.js";
import { progressOf } from "./pace.js";

/** @import { Child } from "../dom.js" */

/**
 * A section with a heading, a place for refusals, and one for what the service answers.
 * @param {string} id of the heading
 * @param {string} title
 * @param {Child} head stands below the heading
 * @param {HTMLElement} place
 */
export function section(id, title, head, place) {
  const board = noticeBoard();
  const heading = h("h2", { id, tabindex: "-1" }, title);
  const element = h("section", { "aria-labelledby": id }, heading, head, board.element, place);
  return { element, heading, board, place };
}

/**
 * What asks for an answer and draws it. Of several questions the last one counts; the same one is asked once. One is
 * asked at a time: the service would work on those that nobody waits for any more, and the last one be answered late.
 * @template Answer
 * @param {{board: ReturnType<typeof noticeBoard>, place: HTMLElement}} part
 * @param {AbortSignal} signal
 * @param {(answer: Answer) => unknown} draw
 */
export function asking({ board, place }, signal, draw) {
  let asked = "";
  let wanted = ""; // its address
  let reading = false;

  /**
   * @param {string} address
   * @param {JobDocument} job after another progress, it is another question
   */
  return async function ask(address, job) {
    const question = `${address} ${progressOf(job)}`;
    if (question === asked) return;
    asked = question;
    wanted = address;
    place.setAttribute("aria-busy", "true");
    if (reading) return;
    reading = true;
    while (asked && !signal.aborted) {
      const mine = asked;
      const from = wanted;
      try {
        /** @type {Answer} */
        const answer = await get(from, signal);
        if (mine !== asked) continue;
        board.clear();
        draw(answer);
        if (mine === asked) break;
      } catch (error) {
        if (signal.aborted || mine !== asked) continue;
        asked = "";
        place.replaceChildren(); // it would be of another question
        board.show(error, { retry: () => ask(from, job) });
      }
    }
    reading = false;
    place.removeAttribute("aria-busy");
  };
}
