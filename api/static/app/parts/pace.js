/** How often something large is read again while a job runs. */
import { spentSince } from "../api.js";

const SHARE_OF_TIME = 10; // slow reads take at most a tenth of the time

/**
 * What a summary of the job depends on: while that stays, another reading would tell the same.
 * @param {JobDocument} job
 */
export function progressOf({ state, counts }) {
  return JSON.stringify([state, counts]);
}

/**
 * Rows of a job that have a label, failed, or have no text.
 * @param {JobDocument} job
 */
export function rowsDone({ counts }) {
  return counts.completed + counts.failed + counts.without_text;
}

/**
 * Ms to wait before the next reading, of one that began then (`performance.now()`); `least` ms in any case.
 * @param {number} began
 * @param {number} [least]
 */
export function restAfter(began, least = 0) {
  return Math.max(least, SHARE_OF_TIME * spentSince(began));
}
