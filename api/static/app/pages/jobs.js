/** All jobs, newest first. */
import { get, poll, query } from "../api.js";
import { fill, h } from "../dom.js";
import { duration, number, percent, t, time } from "../i18n.js";
import { field, select } from "../parts/field.js";
import { noticeBoard } from "../parts/notice.js";
import { stateBadge, STATES } from "../parts/state.js";

const POLL_MS = 2000;
const SIZE = 20;

let chosen = ""; // the filter outlives the page

export function page({ signal }) {
  const board = noticeBoard();
  const state = select([["", t("jobs.any")], ...STATES.map((name) => [name, t(`state.${name}`)])], { onchange: () => {
    chosen = state.value;
    restart();
  } });
  state.value = chosen;
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("jobs.title") });
  const back = h("button", { type: "button", class: "small secondary", onclick: () => turn(-1) }, t("jobs.newer"));
  const on = h("button", { type: "button", class: "small secondary", onclick: () => turn(1) }, t("jobs.older"));
  let after = [null]; // the last job before each page, from the first to the present one
  let next = null;
  let current = new AbortController();

  function restart() {
    after = [null];
    watch();
  }

  function turn(step) {
    if (step < 0) after.pop();
    else if (next) after.push(next);
    next = null; // whoever presses twice does not skip a page
    watch();
  }

  async function watch() {
    current.abort();
    current = new AbortController();
    const mine = AbortSignal.any([signal, current.signal]);
    try {
      await poll(async () => {
        const list = await get(`/api/v1/jobs${query({ limit: SIZE, state: chosen, after: after.at(-1) })}`, mine);
        next = list.next;
        draw(list.data);
      }, POLL_MS, mine);
    } catch (error) {
      // A page may begin after a job that has gone: then the first is shown.
      if (!mine.aborted) board.show(error, { retry: restart });
    }
  }

  function draw(jobs) {
    board.clear();
    fill(
      table,
      jobs.length === 0
        ? h("p", { class: "muted" }, t(chosen ? "jobs.none_so" : "jobs.none"), " ", h("a", { href: "/bulk" }, t("nav.bulk")))
        : h(
          "table",
          { class: "stacks" },
          h("thead", {}, h("tr", {}, ["name", "state", "progress", "speed", "created"].map((name) => h("th", { scope: "col" }, t(`jobs.${name}`))))),
          h("tbody", {}, jobs.map(line)),
        ),
    );
    back.disabled = after.length === 1;
    on.disabled = !next;
  }

  restart();
  return [
    h("h1", {}, t("jobs.title")),
    h("div", { class: "tools" }, field(t("jobs.state"), state)),
    board.element,
    table,
    h("div", { class: "buttons" }, back, on),
  ];
}

function line(job) {
  const { total, completed, failed } = job.counts;
  const done = completed + failed;
  const words = `${number(done)} / ${number(total)}${failed ? ` · ${t("jobs.failed", { failed })}` : ""}`;
  const eta = !job.ended_at && job.eta_s ? ` · ${t("progress.eta", { time: duration(job.eta_s) })}` : "";
  const bar = h("progress", { max: String(total || 1), value: String(done), "aria-label": t("jobs.progress"), "aria-valuetext": percent(done / (total || 1), 0) });
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: `/jobs/${job.id}` }, job.name ?? job.id), job.name && h("small", { class: "muted" }, job.id)),
    h("td", {}, stateBadge(job.state)),
    h("td", {}, bar, h("small", {}, words, eta)),
    h("td", {}, job.texts_per_second === null ? "–" : t("jobs.per_second", { speed: job.texts_per_second })),
    h("td", {}, time(job.created_at)),
  );
}
