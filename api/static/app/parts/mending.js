/** The aspects that most texts complain of: of what, since when, in which words. */
import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { asking, section } from "./asking.js";
import { changesOf } from "./changes.js";
import { MOST } from "./phrase_list.js";
import { textOf } from "./prediction.js";
import { ALL, toRows } from "./to_rows.js";

const PHRASES = 3; // of those that the list of phrases asks for, who is led to these rows: they are found once
const EXAMPLES = 3;
const LOOKED_AT = 50; // rows, of which the first that differ are shown
const LONG_CHARS = 120; // a text that is longer is told by its clause

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/**
 * @typedef {object} Complaint
 * @property {string} aspect
 * @property {number} rows that speak of it
 * @property {number} negative of these
 * @property {Figure} share
 * @property {number} others share of negative mentions of all other aspects
 */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function mending(base, signal, view) {
  const place = h("div");
  const part = section("mending-title", t("mending.title"), h("p", { class: "muted" }, t("mending.help")), place);
  let version = 0; // of the cards: what is read for older ones is dropped
  let reading = Promise.resolve(); // until the cards are read, or newer ones are there
  /** @type {JobDocument} */
  let job;
  /** @type {Complaint[] | null} */
  let worst = null;
  const ask = asking(part, signal, (/** @type {JobAspects} */ answer) => {
    worst = complaints(answer);
    drawCards();
  });

  function drawCards() {
    if (!worst) return;
    const mine = ++version;
    const cards = worst.map(card);
    fill(
      place,
      cards.length
        ? h(
            "ol",
            { class: "cards" },
            cards.map(({ element }) => element),
          )
        : h("p", {}, t("mending.none")),
    );
    const before = reading;
    reading = readCards();

    async function readCards() {
      await before;
      try {
        // One after the other: the service finds the phrases of few at a time.
        for (const { read } of cards) {
          if (mine !== version) return;
          await read();
        }
      } catch (error) {
        if (!signal.aborted && mine === version) part.board.show(error, { retry: drawCards });
      }
    }
  }

  /** @param {Complaint} complaint */
  function card({ aspect, rows, negative, share, others }) {
    const changes = h("div");
    const phrases = h("div");
    const examples = h("div", { "aria-busy": "true" });
    const complaintsOf = { ...ALL, contains: null, aspect, label: "negative", sort: "polarity" };
    const count = toRows(view, complaintsOf, t("mending.count", { count: negative }));
    const [value, low, high, average] = [share.value, share.low, share.high, others].map((of) => percent(of, 0));
    const element = h(
      "li",
      {},
      h("h3", {}, aspect),
      h("p", { class: "figure" }, count, " ", t("mending.share", { rows, value, low, high, average })),
      changes,
      phrases,
      examples,
    );

    async function read() {
      const filter = { ...view.slice, contains: null, aspect, label: "negative" };
      await Promise.all([readExamples(filter), readChanges(), readPhrases(filter)]);
    }

    /** @param {Record<string, unknown>} filter */
    async function readExamples(filter) {
      const asked = { ...filter, sort: "polarity", include: "text", limit: LOOKED_AT };
      /** @type {ResultsPage} */
      const page = await get(`${base}/results${query(asked)}`, signal);
      const clauses = page.data.map((row) => clauseOf(row, aspect));
      const rows = page.data.filter((_, at) => clauses.indexOf(clauses[at]) === at).slice(0, EXAMPLES);
      fill(
        examples,
        h("h4", {}, t("mending.examples")),
        h(
          "ul",
          { class: "quotes" },
          rows.map((row) => h("li", {}, quote(row, aspect))),
        ),
      );
      examples.removeAttribute("aria-busy");
    }

    async function readChanges() {
      if (!("timeline" in job.links)) return;
      const asked = { ...view.slice, contains: null, aspect, from: null, to: null, step: view.get("step") ?? "week" };
      /** @type {Timeline} */
      const timeline = await get(`${base}/timeline${query(asked)}`, signal);
      const found = changesOf(timeline, view, complaintsOf);
      fill(changes, found ?? (timeline.points.length > 1 && h("p", { class: "muted" }, t("changes.none"))));
    }

    /** @param {Record<string, unknown>} filter */
    async function readPhrases(filter) {
      /** @type {Phrases} */
      const { data } = await get(`${base}/phrases${query({ ...filter, limit: MOST })}`, signal);
      fill(
        phrases,
        data.length > 0 && h("h4", {}, t("mending.phrases")),
        data.length > 0 &&
          h(
            "p",
            { class: "phrases" },
            data
              .slice(0, PHRASES)
              .map(({ phrase, rows }) => [
                toRows(
                  view,
                  { ...complaintsOf, contains: phrase },
                  h("span", { lang: "zh" }, phrase),
                  ` ${number(rows)}`,
                ),
                " ",
              ]),
          ),
      );
    }

    return { element, read };
  }

  return {
    element: part.element,
    /** @param {JobDocument} fresh */
    draw(fresh) {
      job = fresh;
      ask(`${base}/aspects${query({ ...view.slice, aspect: null, contains: null })}`, job);
    },
  };
}

/**
 * What the service says is to be mended first.
 * @param {JobAspects} answer
 * @returns {Complaint[]}
 */
function complaints({ data, worst }) {
  const mentions = data.reduce((sum, { rows }) => sum + rows, 0);
  const negatives = data.reduce((sum, { counts }) => sum + (counts.negative ?? 0), 0);
  return worst.flatMap((name) =>
    data
      .filter(({ aspect }) => aspect === name)
      .map(({ aspect, rows, counts: { negative }, shares }) => {
        const others = mentions > rows ? (negatives - negative) / (mentions - rows) : 0;
        return { aspect, rows, negative, share: shares.negative, others };
      }),
  );
}

/**
 * @param {RowDocument} row
 * @param {string} aspect
 */
function clauseOf({ aspects = [] }, aspect) {
  return aspects.find((found) => found.aspect === aspect)?.clause ?? "";
}

/**
 * @param {RowDocument} row
 * @param {string} aspect
 * @returns {Child}
 */
function quote(row, aspect) {
  const text = row.text ?? "";
  const words = text.length > LONG_CHARS ? ["… ", h("mark", {}, clauseOf(row, aspect)), " …"] : textOf(row, aspect);
  return [h("span", { lang: "zh" }, words), " ", h("small", {}, t("row.number", { number: row.index + 1 }))];
}
