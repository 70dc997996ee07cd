/** What people complain about: what to mend, by aspect and time. Loaded for jobs that can tell. */
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { JobView } from "../job_view.js";
import { aspectTable } from "./aspect_table.js";
import { filterChips } from "./chips.js";
import { heatMap, isCrossable } from "./heat_map.js";
import { mending } from "./mending.js";
import { phraseList } from "./phrase_list.js";
import { sharing } from "./sharing.js";
import { timelinePart } from "./timeline.js";

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function insights(base, signal, view) {
  const focus = () => element.focus({ preventScroll: true });
  const chips = filterChips(signal, view, () => view.set(JobView.nothing), focus);
  /** @type {Array<{element: HTMLElement, draw: (job: JobDocument) => unknown}>} */
  const parts = [];
  /** @type {JobDocument} */
  let job;
  const element = h("section", { class: "insights", tabindex: "-1", "aria-label": t("insights.title") });

  function draw() {
    for (const part of parts) part.draw(job);
  }

  view.addEventListener("change", draw, { signal });
  return {
    element,
    /** @param {JobDocument} fresh that has ended */
    update(fresh) {
      job = fresh;
      if (parts.length === 0) {
        if (job.options.aspects) parts.push(mending(base, signal, view), aspectTable(base, signal, view));
        if ("timeline" in job.links) parts.push(timelinePart(base, signal, view));
        parts.push(phraseList(base, signal, view));
        if (isCrossable(job)) parts.push(heatMap(base, signal, view));
        parts.push(sharing(base, view, job));
        element.append(chips.element, ...parts.map((part) => part.element));
      }
      chips.update(job);
      draw();
    },
  };
}
