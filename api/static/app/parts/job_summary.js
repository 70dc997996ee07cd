/** What came of a job: labels, the histogram of their scores, why rows failed, and how fast it went. */
import { get, pause, query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t, time } from "../i18n.js";
import { chart } from "./charts.js";
import { noticeBoard } from "./notice.js";
import { progressOf, restAfter } from "./pace.js";
import { detail, fault, inOrder, labelName, remedyOf, stackedBar, UNLABELLED } from "./prediction.js";
import { pair, table } from "./table.js";

const EVERY_MS = 3000;
const MOST_IN_PART = 4; // points of the throughput that are all shown: of more, whole ones are enough

/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 * @param {(labels: string[], languages: string[]) => unknown} found called with what rows have
 */
export function jobSummary(base, signal, view, found) {
  const board = noticeBoard();
  const labels = h("div", { class: "distribution" });
  const failures = h("div");
  const histogram = chart(t("histogram.title"), t("histogram.x"), signal);
  const throughput = chart(t("throughput.title"), t("throughput.x"), signal);
  const element = h(
    "section",
    { "aria-labelledby": "summary-title", hidden: true },
    h("h2", { id: "summary-title" }, t("summary.title")),
    board.element,
    labels,
    failures,
    h("div", { class: "charts" }, histogram.element, throughput.element),
  );
  /** @type {JobDocument} */
  let job;
  let known = ""; // how far the job was when it was last read, or is being read
  let reading = false;
  let stale = false;
  let rest = new AbortController();

  /** One reading at a time; changes during it are read afterwards. */
  async function read() {
    stale = true;
    known = progressOf(job);
    if (reading) return;
    reading = true;
    try {
      while (stale) {
        stale = false;
        const began = performance.now();
        /** @type {[Summary, Throughput]} */
        const [summary, pace] = await Promise.all([
          get(`${base}/summary${query({ neutral_band: view.band })}`, signal),
          get(`${base}/throughput`, signal),
        ]);
        draw(summary, pace);
        if (!job.ended_at) await resting(restAfter(began, EVERY_MS));
      }
    } catch (error) {
      if (!signal.aborted) board.show(error, { retry: read });
    } finally {
      reading = false;
    }
  }

  /**
   * Until the time is over or the job has ended.
   * @param {number} ms
   */
  async function resting(ms) {
    rest = new AbortController();
    await pause(ms, AbortSignal.any([signal, rest.signal])).catch(() => signal.throwIfAborted());
  }

  /**
   * @param {Summary} summary
   * @param {Throughput} pace
   */
  function draw(summary, pace) {
    board.clear();
    element.hidden = summary.rows === 0;
    const counts = inOrder(Object.entries(summary.counts)).filter(
      ([label, count]) => count > 0 || !UNLABELLED.includes(label),
    );
    found(
      counts.map(([label]) => label),
      Object.keys(summary.languages ?? {}),
    );
    const words = counts.map(([label, count]) => `${labelName(label)} ${number(count)}`).join(", ");
    fill(
      labels,
      stackedBar(counts, words),
      h(
        "dl",
        { class: "numbers" },
        counts.map(([label, count]) =>
          pair(
            [h("span", { class: `dot ${label}` }), labelName(label)],
            [number(count), " ", h("small", {}, percent(summary.shares[label]))],
          ),
        ),
      ),
      summary.shares.truncated > 0 &&
        h("p", { class: "muted" }, t("summary.truncated", { share: percent(summary.shares.truncated) })),
    );
    const open = failures.querySelector("details")?.open ?? true;
    fill(failures, summary.failures.length > 0 && failureTable(summary.failures, open));
    histogram.bars(
      summary.histogram.map((bin) => [
        (bin.start + bin.end) / 2,
        bin.count,
        `${number(bin.start, 2)}–${number(bin.end, 2)}`,
      ]),
      t("histogram.y"),
    );
    // The first and the last step are not whole.
    const points = pace.points.length > MOST_IN_PART ? pace.points.slice(1, -1) : pace.points;
    const first = points.length ? Date.parse(pace.points[0].at) : 0;
    throughput.element.hidden = points.length < 2; // small jobs are over in a moment
    throughput.line(
      points.map(({ at, rows }) => [(Date.parse(at) - first) / 1000, rows / pace.step_s, time(at)]),
      t("throughput.y"),
    );
  }

  /** @param {Event} event */
  function relabel(event) {
    const { detail } = /** @type {CustomEvent<string[]>} */ (event);
    if (!job || !detail.includes("band")) return;
    read();
    rest.abort();
  }

  view.addEventListener("change", relabel, { signal });
  return {
    element,
    /** @param {JobDocument} fresh */
    update(fresh) {
      job = fresh;
      if (known !== progressOf(job)) read();
      if (job.ended_at) rest.abort();
    },
  };
}

/**
 * @param {Failure[]} failures
 * @param {boolean} open
 */
function failureTable(failures, open) {
  const lines = failures.map((failure) => {
    const { code, count, index, line } = failure;
    const where = line ? t("error.line", { line }) : t("row.number", { number: index + 1 });
    return [
      [fault(code), " ", h("code", {}, code), h("small", {}, remedyOf(code))],
      number(count),
      [where, detail(failure)],
    ];
  });
  const headings = ["reason", "rows", "first"].map((name) => t(`failures.${name}`));
  return h("details", { open }, h("summary", { id: "failures" }, t("failures.title")), table(headings, lines));
}
