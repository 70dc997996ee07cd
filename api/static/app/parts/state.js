/** The state of a job in a word. */
import { h } from "../dom.js";
import { t } from "../i18n.js";

export const STATES = [
  "receiving",
  "queued",
  "running",
  "scheduled",
  "paused",
  "completed",
  "failed",
  "cancelled",
  "expired",
];

/** @param {string} state */
export function stateBadge(state) {
  return h("span", { class: `badge state-${state}` }, t(`state.${state}`));
}
