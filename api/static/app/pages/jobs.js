/** All jobs, newest first. */
import { get, pause, poll, query } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { duration, number, progress, t, time } from "../i18n.js";
import { field, select } from "../parts/field.js";
import { noticeBoard } from "../parts/notice.js";
import { restAfter, rowsDone } from "../parts/pace.js";
import { pager } from "../parts/pager.js";
import { STATES, stateBadge } from "../parts/state.js";
import { table, tablePlace } from "../parts/table.js";

const POLL_MS = 2000;
const SIZE = 20;

let chosen = ""; // the filter outlives the page

/** @param {import("../main.js").Visit} visit */
export function page({ signal }) {
  const before = history.state?.jobs; // a user who comes back finds the list as it was
  chosen = before?.chosen ?? chosen;
  const board = noticeBoard();
  /** @type {Array<[string, string]>} */
  const states = STATES.map((name) => [name, t(`state.${name}`)]);
  const state = select([["", t("jobs.any")], ...states], {
    onchange: () => {
      chosen = state.value;
      restart();
    },
  });
  state.value = chosen;
  const list = tablePlace(t("jobs.title"));
  const pages = pager(t("jobs.newer"), t("jobs.older"), turn, before?.cursors);
  let current = new AbortController();
  let wanted = false; // the user asked for other jobs: announce them

  function turn() {
    wanted = true;
    history.replaceState({ jobs: { chosen, cursors: pages.cursors } }, "");
    watch();
  }

  function restart() {
    pages.reset();
    turn();
  }

  async function watch() {
    current.abort();
    current = new AbortController();
    const mine = AbortSignal.any([signal, current.signal]);
    try {
      await poll(
        async () => {
          const began = performance.now();
          const { jobs, next } = await found(mine);
          draw(jobs);
          pages.arrived(next);
          if (wanted) announce(jobs.length ? t("jobs.shown", { count: jobs.length }) : none());
          wanted = false;
          await pause(restAfter(began), mine);
        },
        POLL_MS,
        mine,
      );
    } catch (error) {
      // A page may begin after a job that has gone: then the first is shown.
      if (!mine.aborted) board.show(error, { retry: restart });
    }
  }

  /**
   * A page of them. In a rare state an answer may have fewer than were asked for although more follow.
   * @param {AbortSignal} signal
   */
  async function found(signal) {
    /** @type {JobDocument[]} */
    const jobs = [];
    let next = pages.cursor;
    do {
      const asked = { limit: SIZE - jobs.length, state: chosen, after: next };
      /** @type {JobList} */
      const page = await get(`/api/v1/jobs${query(asked)}`, signal);
      jobs.push(...page.data);
      next = page.next;
    } while (next && jobs.length < SIZE);
    return { jobs, next };
  }

  /** @param {JobDocument[]} jobs */
  function draw(jobs) {
    board.clear();
    fill(
      list,
      jobs.length === 0
        ? h("p", { class: "muted" }, none(), " ", h("a", { href: "/bulk" }, t("nav.bulk")))
        : table(
            ["name", "state", "progress", "speed", "created"].map((name) => t(`jobs.${name}`)),
            jobs.map(line),
            { class: "stacks" },
          ),
    );
  }

  watch();
  return [
    h("h1", {}, t("jobs.title")),
    h("div", { class: "tools" }, field(t("jobs.state"), state)),
    board.element,
    list,
    h("div", { class: "buttons" }, pages.back, pages.on),
  ];
}

function none() {
  return t(chosen ? "jobs.none_so" : "jobs.none");
}

/**
 * Its cells.
 * @param {JobDocument} job
 * @returns {import("../dom.js").Child[]}
 */
function line(job) {
  const { total, failed } = job.counts;
  const done = rowsDone(job);
  const words = `${number(done)} / ${number(total)}${failed ? ` · ${t("jobs.failed", { failed })}` : ""}`;
  const known = job.state !== "receiving"; // of how many rows
  const eta = known && !job.ended_at && job.eta_s ? ` · ${t("progress.eta", { time: duration(job.eta_s) })}` : "";
  const bar = h("progress", {
    max: String(total || 1),
    value: known ? String(done) : null,
    "aria-label": t("jobs.progress"),
    "aria-valuetext": known ? progress(done, total) : words,
  });
  return [
    [h("a", { href: `/jobs/${job.id}` }, job.name ?? job.id), job.name && h("small", { class: "muted" }, job.id)],
    stateBadge(job.state),
    [bar, h("small", {}, words, eta)],
    job.texts_per_second === null ? "–" : t("jobs.per_second", { speed: job.texts_per_second }),
    time(job.created_at),
  ];
}
