/** How the answers to a job compare with the labels in its file: how many are right, which are not, what scores say. */
import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { noticeBoard } from "./notice.js";
import { badge, labelName } from "./prediction.js";
import { table, tablePlace } from "./table.js";

const ROWS_SPOKEN_OF = 30; // that have about the same score, for a sentence on it
const ALL = 0.995; // from here on a score would be told as 100 %

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} address of the evaluation
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function evaluation(address, signal, view) {
  const board = noticeBoard();
  const content = h("div");
  let version = 0; // of what was asked: an older answer is dropped

  async function read() {
    const mine = ++version;
    try {
      /** @type {EvaluationDocument} */
      const found = await get(`${address}${query({ neutral_band: view.band })}`, signal);
      if (mine !== version) return;
      board.clear();
      fill(content, ...parts(found));
    } catch (error) {
      if (!signal.aborted && mine === version) board.show(error, { retry: read });
    }
  }

  view.addEventListener(
    "change",
    (event) => {
      if (/** @type {CustomEvent<string[]>} */ (event).detail.includes("band")) read();
    },
    { signal },
  );
  read();
  return h(
    "section",
    { "aria-labelledby": "evaluation-title" },
    h("h2", { id: "evaluation-title" }, t("evaluation.title")),
    board.element,
    content,
  );
}

/**
 * @param {EvaluationDocument} found
 * @returns {Child[]}
 */
function parts(found) {
  const { rows, without_label: labels, without_answer: answers } = found;
  const { value, low, high } = found.accuracy;
  const place = tablePlace(t("evaluation.title"));
  fill(place, confusion(found));
  return [
    h("p", {}, t("evaluation.right", { share: percent(value), rows, low: percent(low), high: percent(high) })),
    labels + answers > 0 && h("p", { class: "muted" }, t("evaluation.left_out", { labels, answers })),
    ...found.labels_missing.map(({ label, model, rows }) =>
      h("p", { class: "muted" }, t("evaluation.missing", { label: labelName(label), model, rows })),
    ),
    place,
    found.calibration && scores(found.calibration),
    found.mistakes.length > 0 && mistakes(found.mistakes),
  ];
}

/** @param {EvaluationDocument} found */
function confusion({ confusion: { labels, counts }, by_label }) {
  const headings = [
    t("evaluation.label"),
    t("evaluation.rows"),
    ...labels.map((label) => t("evaluation.predicted", { label: labelName(label) })),
    t("evaluation.found"),
    t("evaluation.precise"),
  ];
  const lines = by_label.map(({ label, rows, recall, precision }, at) => [
    badge(label),
    number(rows),
    ...counts[at].map((count, place) => (place === at ? h("strong", {}, number(count)) : number(count))),
    share(recall),
    share(precision),
  ]);
  return table(headings, lines);
}

/**
 * @param {Figure | null} figure
 * @returns {Child}
 */
function share(figure) {
  return figure && [percent(figure.value), h("small", {}, `${percent(figure.low)}–${percent(figure.high)}`)];
}

/** @param {CalibrationFigures} calibration */
function scores({ bins, error, by_chance }) {
  const said = bins
    .filter(({ rows }) => rows >= ROWS_SPOKEN_OF)
    .map(({ score, accuracy: { value, low, high } }) =>
      t("evaluation.of_100", {
        score: percent(score, score < ALL ? 0 : 1),
        right: 100 * value,
        low: 100 * low,
        high: 100 * high,
      }),
    );
  return [
    h("h3", {}, t("evaluation.scores")),
    said.length > 0 &&
      h(
        "ul",
        {},
        said.map((sentence) => h("li", {}, sentence)),
      ),
    h("p", { class: "muted" }, t("evaluation.error", { error: percent(error.value), chance: percent(by_chance) })),
  ];
}

/** @param {Mistake[]} found */
function mistakes(found) {
  const headings = [t("rows.number"), ...["answer", "label", "text"].map((name) => t(`evaluation.${name}`))];
  const lines = found.map(({ index, predicted, score, label, text }) => [
    number(index + 1),
    [badge(predicted), " ", percent(score)],
    badge(label),
    text,
  ]);
  const place = tablePlace(t("evaluation.mistakes"));
  fill(place, table(headings, lines, { class: "stacks" }));
  return h("details", {}, h("summary", {}, t("evaluation.mistakes")), place);
}
