/** One text or many, answered while one looks; what was asked before stands below. */
import { get, newKey, Problem, poll, post } from "../api.js";
import { announce, fill, h, newId } from "../dom.js";
import * as past from "../history.js";
import { number, percent, t, time } from "../i18n.js";
import { labelAndScore } from "../labels.js";
import { bandSlider } from "../parts/band.js";
import { confirmed } from "../parts/confirm.js";
import { languageChoice } from "../parts/language_choice.js";
import { modelNote } from "../parts/model_note.js";
import { box, noticeBoard } from "../parts/notice.js";
import { badge, countsAs, detail, fault, flags, languageFlag, noLabel, scoreBar } from "../parts/prediction.js";

const WAIT_S = 10; // of the first request; after that the job is polled
const SHOWN = 1000; // rows of one answer
const PAST_SHOWN = 50;
const SEEN = /[^\s\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\ufff9-\ufffb]/u; // of invisible_characters.py: else blank

/**
 * What was asked and is not answered yet. `job` is its id once it has one.
 * @typedef {object} Asked
 * @property {string[]} texts
 * @property {string} language "" to detect it
 * @property {string} key
 * @property {boolean} runs
 * @property {string | null} job
 * @property {AbortController} leaving
 * @property {unknown} problem
 */

/** @typedef {RowDocument & {text: string}} Row */

/**
 * Outlives the page: what was typed and answered is there when one comes back, or changes the language.
 * @type {{typed: string, language: string, band?: number, asked: Asked | null, rows: Row[], job: {id: string, total: number} | null}}
 */
const state = { typed: "", language: "", band: undefined, asked: null, rows: [], job: null };
let draw = () => {}; // the state, on the page that is shown

/** @param {import("../main.js").Visit} visit */
export function page({ signal }) {
  const band = bandSlider((value) => {
    state.band = value;
    drawRows();
    drawPast();
  }, state.band);
  const board = noticeBoard();
  const note = modelNote(signal);
  const results = h("section", { "aria-labelledby": "results-title" });
  const pastList = h("div");
  const search = h("input", {
    type: "search",
    "aria-label": t("past.search"),
    placeholder: t("past.search"),
    oninput: () => {
      if (drawPast() === 0) announce(t("past.none"));
    },
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
      if (!(state.asked?.problem instanceof Problem && state.asked.problem.passes)) return;
      state.asked.problem = null; // what is half typed must not be sent by itself
      board.clear();
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    },
  });
  const language = languageChoice(
    signal,
    (code) => {
      state.language = code;
    },
    state.language,
  );
  const button = h("button", { type: "submit" }, t("analyse.go"));
  const form = h(
    "form",
    { onsubmit: submit },
    h("label", { for: id }, t("analyse.label")),
    area,
    h("small", { id: `${id}-help` }, t("analyse.help")),
    language.element,
    h("div", { class: "buttons" }, button),
  );

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    analyse();
  }

  async function analyse() {
    const texts = area.value
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => SEEN.test(line));
    if (state.asked?.runs) return;
    if (texts.length === 0) {
      fill(board.element, box(t("analyse.nothing")));
      area.focus();
      return;
    }
    const { language } = state;
    // The same texts once more, after a try that failed or whose answer was lost, are the same job.
    const again = state.asked?.texts.join("\n") === texts.join("\n") && state.asked.language === language;
    const key = again && state.asked ? state.asked.key : newKey();
    const leaving = new AbortController(); // not when the user opens another page: the job goes on
    /** @type {Asked} */
    const asked = { texts, language, key, runs: true, job: null, leaving, problem: null };
    state.asked = asked;
    drawAsked();
    announce(t("analyse.working"));
    try {
      /** @type {JobDocument & Partial<JobWithResults>} */
      const answer = await post("/api/v1/jobs", language ? { texts, language } : { texts }, {
        "Idempotency-Key": key,
        Prefer: `wait=${WAIT_S}`,
      });
      /** @type {ResultsPage} */
      const page = answer.results ?? (await resultsOf(answer.id, asked));
      state.rows = page.data.map((row) => ({ ...row, text: texts[row.index] }));
      state.job = { id: answer.id, total: texts.length };
      state.asked = null;
      past.add(state.rows);
      announce(t("analyse.done", { count: texts.length }));
    } catch (problem) {
      if (leaving.signal.aborted) state.asked = null;
      else Object.assign(asked, { runs: false, problem });
    }
    draw();
  }

  /**
   * @param {string} job
   * @param {Asked} asked
   */
  async function resultsOf(job, asked) {
    const { signal } = asked.leaving;
    asked.job = job;
    draw();
    await poll(async () => (await get(`/api/v1/jobs/${job}`, signal)).ended_at, 500, signal);
    return get(`/api/v1/jobs/${job}/results?limit=${SHOWN}`, signal);
  }

  /**
   * It takes longer than one waits for: the job can be looked at, and need not be waited for.
   * @param {Asked} asked
   */
  function slow({ job, leaving }) {
    const words = [t("analyse.slow"), " ", h("a", { href: `/jobs/${job}` }, t("analyse.look"))];
    const leave = () => {
      leaving.abort();
      area.focus();
    };
    const button = h("button", { type: "button", class: "small secondary", onclick: leave }, t("analyse.leave"));
    return h("div", { class: "notice", role: "status" }, h("p", {}, words), button);
  }

  function drawAsked() {
    const { runs = false, job = null, problem = null } = state.asked ?? {};
    if (runs) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
    if (problem) board.show(problem, { retry: analyse, place });
    else fill(board.element, state.asked && runs && job && slow(state.asked));
  }

  function drawRows() {
    if (state.job === null || state.rows.length === 0) return results.replaceChildren();
    const { id, total } = state.job;
    const more = total > state.rows.length;
    fill(
      results,
      h("h2", { id: "results-title" }, t("analyse.results"), " ", tally(state.rows)),
      h(
        "ol",
        { class: "rows" },
        state.rows.map((row) => h("li", {}, rowContent(row))),
      ),
      h("p", {}, h("a", { href: `/jobs/${id}` }, t(more ? "analyse.all" : "analyse.job", { count: total }))),
    );
  }

  /** @param {Row[]} rows */
  function tally(rows) {
    /** @type {Record<string, number>} */
    const counts = {};
    for (const { error, probabilities } of rows) {
      const label = probabilities ? labelAndScore(probabilities, band.value()).label : countsAs(error);
      counts[label] = (counts[label] ?? 0) + 1;
    }
    return h(
      "span",
      { class: "tally" },
      Object.entries(counts).map(([label, count]) => [badge(label), ` ${number(count)} `]),
    );
  }

  /** @param {Row | (past.Entry & {error?: null})} row */
  function rowContent(row) {
    if (!row.probabilities)
      return [
        h("span", { class: "text", lang: row.language ?? "zh" }, row.text),
        noLabel(row.error),
        fault(row.error.code),
        detail(row.error),
        languageFlag(row),
      ];
    const { label, score } = labelAndScore(row.probabilities, band.value());
    return [
      h("span", { class: "text", lang: row.language ?? "zh" }, row.text),
      badge(label),
      h("span", { class: "score" }, percent(score, 2)),
      scoreBar(row.probabilities),
      flags(row),
    ];
  }

  /** Returns how many there are. */
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
    return found.length;
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
    if (!state.asked) note.show(null);
  };
  draw();
  past.events.addEventListener("change", drawPast, { signal });
  return [
    h("h1", {}, t("analyse.title")),
    h("p", { class: "muted" }, t("analyse.intro")),
    form,
    board.element,
    note.element,
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

/**
 * `/texts/3` → text 4.
 * @param {ProblemError} entry
 */
function place({ pointer }) {
  const index = /^\/texts\/(\d+)/.exec(pointer ?? "");
  return index && t("error.text", { number: Number(index[1]) + 1 });
}
