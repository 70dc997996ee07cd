/** One text or many, answered while one looks; what was asked before stands below. */
import { get, newKey, poll, post } from "../api.js";
import { announce, fill, h, newId } from "../dom.js";
import * as past from "../history.js";
import { number, percent, t, time } from "../i18n.js";
import { labelAndScore } from "../labels.js";
import { bandSlider } from "../parts/band.js";
import { confirmed } from "../parts/confirm.js";
import { noticeBoard } from "../parts/notice.js";
import { badge, flags, reason, scoreBar } from "../parts/prediction.js";

const WAIT_S = 10; // of the first request; after that the job is polled
const SHOWN = 1000; // rows of one answer
const PAST_SHOWN = 50;

/**
 * Outlives the page: what was typed and answered is there when one comes back, or changes the language. `asked`:
 * `{texts, key, runs, problem}` until it is answered.
 */
const state = { typed: "", band: undefined, asked: null, rows: [], job: null };
const onward = new AbortController().signal; // an analysis goes on while one looks at other pages
let draw = () => {}; // the state, on the page that is shown

export function page() {
  const band = bandSlider((value) => {
    state.band = value;
    drawRows();
    drawPast();
  }, state.band);
  const board = noticeBoard();
  const results = h("section", { "aria-labelledby": "results-title" });
  const pastList = h("div");
  const search = h("input", {
    type: "search",
    "aria-label": t("past.search"),
    placeholder: t("past.search"),
    oninput: drawPast,
  });

  const id = newId("texts");
  const area = h("textarea", {
    id,
    rows: "5",
    value: state.typed,
    placeholder: t("analyse.example"),
    "aria-describedby": `${id}-help`,
    lang: "zh",
    oninput: () => {
      state.typed = area.value;
      if (!state.asked?.problem?.passes) return;
      state.asked.problem = null; // what is half typed must not be sent by itself
      board.clear();
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    },
  });
  const button = h("button", { type: "submit" }, t("analyse.go"));
  const form = h(
    "form",
    { onsubmit: (event) => event.preventDefault() || analyse() },
    h("label", { for: id }, t("analyse.label")),
    area,
    h("small", { id: `${id}-help` }, t("analyse.help")),
    h("div", { class: "buttons" }, button),
  );

  async function analyse() {
    const texts = area.value
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean);
    if (state.asked?.runs) return;
    if (texts.length === 0) {
      fill(board.element, h("div", { class: "notice", role: "alert" }, t("analyse.nothing")));
      area.focus();
      return;
    }
    // The same texts once more, after a try that failed or whose answer was lost, are the same job.
    const key = state.asked?.texts.join("\n") === texts.join("\n") ? state.asked.key : newKey();
    const asked = (state.asked = { texts, key, runs: true, problem: null });
    drawAsked();
    announce(t("analyse.working"));
    try {
      const answer = await post("/api/v1/jobs", { texts }, { "Idempotency-Key": key, Prefer: `wait=${WAIT_S}` });
      const page = answer.results ?? (await resultsOf(answer.id));
      state.rows = page.data.map((row) => ({ ...row, text: texts[row.index] }));
      state.job = { id: answer.id, total: texts.length };
      state.asked = null;
      past.add(state.rows);
      announce(t("analyse.done", { count: state.rows.length }));
    } catch (problem) {
      Object.assign(asked, { runs: false, problem });
    }
    draw();
  }

  async function resultsOf(job) {
    await poll(async () => (await get(`/api/v1/jobs/${job}`, onward)).ended_at, 500, onward);
    return get(`/api/v1/jobs/${job}/results?limit=${SHOWN}`, onward);
  }

  function drawAsked() {
    const { runs = false, problem = null } = state.asked ?? {};
    if (runs) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
    button.disabled = runs;
    if (problem) board.show(problem, { retry: analyse, place });
    else board.clear();
  }

  function drawRows() {
    if (state.rows.length === 0) return results.replaceChildren();
    const more = state.job.total > state.rows.length;
    fill(
      results,
      h("h2", { id: "results-title" }, t("analyse.results"), " ", tally(state.rows)),
      h(
        "ol",
        { class: "rows" },
        state.rows.map((row) => h("li", {}, rowContent(row))),
      ),
      h(
        "p",
        {},
        h("a", { href: `/jobs/${state.job.id}` }, t(more ? "analyse.all" : "analyse.job", { count: state.job.total })),
      ),
    );
  }

  function tally(rows) {
    const counts = {};
    for (const { probabilities } of rows) {
      const label = probabilities ? labelAndScore(probabilities, band.value()).label : "failed";
      counts[label] = (counts[label] ?? 0) + 1;
    }
    return h(
      "span",
      { class: "tally" },
      Object.entries(counts).map(([label, count]) => [badge(label), ` ${number(count)} `]),
    );
  }

  function rowContent(row) {
    if (!row.probabilities)
      return [
        h("span", { class: "text" }, row.text),
        h("span", { class: "badge failed" }, t("label.failed")),
        h("small", {}, reason(row.error)),
      ];
    const { label, score } = labelAndScore(row.probabilities, band.value());
    return [
      h("span", { class: "text", lang: "zh" }, row.text),
      badge(label),
      h("span", { class: "score" }, percent(score, 2)),
      scoreBar(row.probabilities),
      flags(row),
    ];
  }

  function drawPast() {
    const found = past.search(search.value);
    fill(
      pastList,
      found.length === 0 && h("p", { class: "muted" }, t(search.value ? "past.none" : "past.empty")),
      h(
        "ul",
        { class: "rows" },
        found
          .slice(0, PAST_SHOWN)
          .map((row) => h("li", {}, rowContent(row), h("small", { class: "muted" }, time(row.at)))),
      ),
      found.length > PAST_SHOWN && h("p", { class: "muted" }, t("past.more", { count: found.length - PAST_SHOWN })),
    );
  }

  function forget() {
    past.clear();
    search.value = "";
    drawPast();
    search.focus();
    announce(t("past.cleared"));
  }

  draw = () => {
    if (!state.asked) search.value = "";
    drawAsked();
    drawRows();
    drawPast();
  };
  draw();
  return [
    h("h1", {}, t("analyse.title")),
    h("p", { class: "muted" }, t("analyse.intro")),
    form,
    board.element,
    band.element,
    results,
    h(
      "section",
      { "aria-labelledby": "past-title" },
      h("h2", { id: "past-title" }, t("past.title")),
      h("p", { class: "muted" }, t("past.where")),
      h("div", { class: "tools" }, search, confirmed(t("past.clear"), t("past.sure"), forget)),
      pastList,
    ),
  ];
}

/** `/texts/3` → text 4. */
function place({ pointer = "" }) {
  const index = /^\/texts\/(\d+)/.exec(pointer ?? "");
  return index && t("error.text", { number: Number(index[1]) + 1 });
}
