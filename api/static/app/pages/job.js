/** One job: how far it is, what came of it, its rows, its files. */
import { get, poll } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { JobView } from "../job_view.js";
import { bandSlider } from "../parts/band.js";
import { downloads } from "../parts/downloads.js";
import { jobActions } from "../parts/job_actions.js";
import { jobFacts } from "../parts/job_facts.js";
import { jobProgress } from "../parts/job_progress.js";
import { jobSummary } from "../parts/job_summary.js";
import { modelNote } from "../parts/model_note.js";
import { noteList } from "../parts/notes.js";
import { noticeBoard } from "../parts/notice.js";
import { progressOf } from "../parts/pace.js";
import { rowTable } from "../parts/row_table.js";
import { split } from "../parts/split.js";
import { stateBadge } from "../parts/state.js";

const POLL_MS = 1000;

/** @param {import("../main.js").Visit} visit */
export function page({ id, signal, go, follow }) {
  const base = `/api/v1/jobs/${encodeURIComponent(id)}`;
  const heading = h("h1", {}, t("job.title"));
  const line = h("p", { class: "state" });
  const board = noticeBoard();
  const content = h("div");
  const view = new JobView();
  /** @type {JobDocument | null} */
  let job = null;
  /** @type {ReturnType<typeof build> | null} */
  let parts = null;
  let watching = false;

  /** Until it has ended; again when it has come back to life. */
  async function watch() {
    if (watching) return;
    watching = true;
    try {
      await poll(
        async () => {
          take(await get(base, signal));
          return job?.ended_at;
        },
        POLL_MS,
        signal,
      );
    } catch (error) {
      if (!signal.aborted) board.show(error, { retry: watch });
    } finally {
      watching = false;
    }
  }

  /** @param {JobDocument} fresh */
  function take(fresh) {
    const before = job;
    job = fresh;
    board.clear();
    parts ??= build(job);
    heading.textContent = job.name ?? t("job.title");
    document.title = `${heading.textContent} · sentiq`;
    if (before?.state !== job.state) fill(line, stateBadge(job.state), " ", h("code", {}, job.id));
    if (before && before.state !== job.state) announce(t("job.now", { state: t(`state.${job.state}`) }));
    for (const part of Object.values(parts)) part.update(job);
    if (!job.ended_at) watch();
  }

  /** @param {JobDocument} job */
  function build(job) {
    if (job.options.neutral_band !== null) view.usualBand = job.options.neutral_band;
    const band = bandSlider(
      debounced((value) => view.set({ band: String(value) }, { quietly: true }), signal),
      view.band,
    );
    view.addEventListener(
      "change",
      (event) => {
        if (/** @type {CustomEvent<string[]>} */ (event).detail.includes("band")) band.show(view.band);
      },
      { signal },
    );
    const rows = rowTable(base, signal, view);
    const groups = split(base, signal, view);
    const parts = {
      actions: jobActions(base, { signal, acted: take, erased: () => go("/jobs") }),
      progress: jobProgress(id, signal, go),
      note: modelNote(signal),
      decided: noteList(),
      facts: jobFacts(),
      summary: jobSummary(base, signal, view, rows.offer),
      insights: told(base, view, signal),
      evaluation: later(view, signal),
      split: groups,
      rows,
      downloads: downloads(base, signal, view, () => groups.by()),
    };
    fill(
      content,
      parts.actions.element,
      parts.progress.element,
      parts.insights.element,
      parts.summary.element,
      parts.note.element,
      parts.decided.element,
      band.element,
      parts.evaluation.element,
      parts.split.element,
      parts.rows.element,
      parts.downloads.element,
      parts.facts.element,
    );
    return parts;
  }

  follow(() => view.follow());
  watch();
  return [heading, line, board.element, content];
}

/**
 * What people complain about: loaded where the job can tell.
 * @param {string} base
 * @param {JobView} view
 * @param {AbortSignal} signal
 */
function told(base, view, signal) {
  const element = h("div");
  /** @type {Promise<{update: (job: JobDocument) => void} | null> | null} */
  let part = null;
  let known = ""; // how far the job was

  async function load() {
    const { insights } = await import("../parts/insights.js");
    if (signal.aborted) return null;
    const made = insights(base, signal, view);
    fill(element, made.element);
    return made;
  }

  return {
    element,
    /** @param {JobDocument} job */
    async update(job) {
      if (!job.ended_at || !tells(job) || known === progressOf(job)) return;
      known = progressOf(job);
      part ??= load();
      (await part)?.update(job);
    },
  };
}

/**
 * There are aspects, dates or several columns by which its rows differ.
 * @param {JobDocument} job
 */
function tells({ options, file, links }) {
  return Boolean(
    options.aspects || "timeline" in links || (file && file.columns.length - file.text_numbers.length > 1),
  );
}

/**
 * How the answers compare with the labels of the file: loaded where there are any, as few jobs have them.
 * @param {JobView} view
 * @param {AbortSignal} signal
 */
function later(view, signal) {
  const element = h("div");
  let begun = false;
  return {
    element,
    /** @param {JobDocument} job */
    async update({ links }) {
      if (begun || !links.evaluation) return;
      begun = true;
      const { evaluation } = await import("../parts/evaluation.js");
      if (!signal.aborted) fill(element, evaluation(links.evaluation, signal, view));
    },
  };
}

/**
 * Calls when the value has stood still for a moment.
 * @template Value
 * @param {(value: Value) => unknown} act
 * @param {AbortSignal} signal
 * @param {number} [ms]
 */
function debounced(act, signal, ms = 250) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (/** @type {Value} */ value) => {
    clearTimeout(timer);
    timer = setTimeout(() => signal.aborted || act(value), ms);
  };
}
