/** How many rows the filters take. */
import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { progressOf, restAfter, rowsDone } from "./pace.js";

const EVERY_MS = 3000;

/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function matchCounter(base, signal, view) {
  const element = h("p", { class: "matches", role: "status" });
  /** @type {JobDocument} */
  let job;
  let version = 0; // of what was asked: an older answer is dropped
  let known = ""; // how far the job was when the number was counted
  let counting = false;
  let againAt = 0;

  /** A large job is counted part by part. Where it fails, the rows themselves tell why. */
  async function count() {
    const mine = ++version;
    const began = performance.now();
    known = progressOf(job);
    counting = false;
    const all = rowsDone(job);
    if (!view.filtered) return tell("rows.count", { count: all });
    counting = true;
    let count = 0;
    /** @type {string | null} */
    let cursor = null;
    try {
      do {
        /** @type {Matches} */
        const part = await get(`${base}/matches${query({ ...view.filter, cursor })}`, signal);
        if (mine !== version) return;
        count += part.matches;
        cursor = part.next;
        tell(cursor ? "rows.matches_so_far" : "rows.matches", { count, all });
      } while (cursor);
    } catch {
      if (mine === version) fill(element);
    } finally {
      if (mine === version) {
        counting = false;
        againAt = performance.now() + restAfter(began, EVERY_MS);
      }
    }
  }

  /**
   * @param {string} key
   * @param {Record<string, number>} values
   */
  function tell(key, values) {
    const words = t(key, values);
    if (element.textContent !== words) fill(element, words);
  }

  return {
    element,
    restart: () => job && count(),
    /** @param {JobDocument} fresh */
    update(fresh) {
      job = fresh;
      const due = known === "" || job.ended_at || (!counting && performance.now() > againAt) || !view.filtered;
      if (due && known !== progressOf(job)) count();
    },
  };
}
