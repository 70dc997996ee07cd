/** The share of complaints by time: with its interval, a moving average, and marks where it changed. */
import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { STEPS } from "../job_view.js";
import { asking, section } from "./asking.js";
import { changesOf, labelOf, periodName } from "./changes.js";
import { color, figure } from "./charts.js";
import { field, select } from "./field.js";
import { labelName } from "./prediction.js";
import { table } from "./table.js";
import { ALL, shareWords, toRows } from "./to_rows.js";

const MARK = 9; // pixels

/** @import uPlot from "uplot" */
/** @import { JobView } from "../job_view.js" */

/** @typedef {Array<number | null>} Values of the points, null where a point has none */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function timelinePart(base, signal, view) {
  const step = select(
    ["", ...STEPS].map((name) => [name, t(`timeline.step.${name || "auto"}`)]),
    { onchange: () => view.set({ step: step.value || null }) },
  );
  const chart = figure(t("timeline.chart"), signal, plan);
  const legend = h("p", { class: "muted" });
  const changes = h("div");
  const place = h("div", {}, chart.element, legend, changes);
  const part = section("timeline-title", t("timeline.title"), field(t("timeline.step"), step), place);
  /** @type {Timeline | null} */
  let shown = null;
  const ask = asking(part, signal, (/** @type {Timeline} */ answer) => {
    shown = answer;
    if (!chart.element.isConnected) fill(place, chart.element, legend, changes); // a refusal had taken their place
    drawAll();
  });

  function drawAll() {
    if (!shown) return;
    const label = labelOf(shown);
    const { averaged, points, undated } = shown;
    const without = Object.values(undated).reduce((sum, count) => sum + count, 0);
    fill(
      legend,
      t("timeline.legend", { label: labelName(label), steps: averaged, step: t(`timeline.step.${shown.step}`) }),
      without > 0 && [" ", t("timeline.undated", { count: without })],
    );
    fill(changes, changesOf(shown, view, ALL) ?? h("p", { class: "muted" }, t("timeline.steady")));
    const headings = [
      t("timeline.period"),
      labelName(label),
      t("timeline.share", { label: labelName(label) }),
      t("timeline.average"),
      t("split.rows"),
    ];
    const lines = points.map((point) => line(point, label));
    fill(chart.numbers, table(headings, lines, { class: "compact" }));
    chart.draw();
  }

  /**
   * Its cells.
   * @param {TimelinePoint} point
   * @param {string} label
   */
  function line({ start, end, rows, counts, shares, averages }, label) {
    const period = { from: start, to: end };
    return [
      toRows(view, { ...ALL, ...period }, periodName(shown?.step ?? "", start)),
      toRows(view, { ...ALL, ...period, label }, number(counts[label] ?? 0)),
      shares[label] ? shareWords(shares[label]) : "–",
      averages[label] === undefined ? "–" : percent(averages[label], 0),
      toRows(view, { ...ALL, ...period }, number(rows)),
    ];
  }

  /**
   * @param {typeof import("uplot")} UPlot
   * @param {uPlot.Axis} axis
   */
  function plan(UPlot, axis) {
    if (!shown?.points.length) return null;
    const { points } = shown;
    const label = labelOf(shown);
    const of = (/** @type {(point: TimelinePoint) => number | undefined} */ read) =>
      /** @type {Values} */ (points.map((point) => read(point) ?? null));
    const change = (/** @type {TimelinePoint} */ point) => point.changes.find((found) => found.label === label);
    const marked = (/** @type {(difference: number) => boolean} */ is) =>
      of((point) => (is(change(point)?.difference ?? 0) ? point.shares[label]?.value : undefined));
    /** @type {uPlot.AlignedData} */
    const data = [
      points.map(({ start }) => seconds(start)),
      of(({ shares }) => shares[label]?.low),
      of(({ shares }) => shares[label]?.high),
      of(({ shares }) => shares[label]?.value),
      of(({ averages }) => averages[label]),
      marked((difference) => difference > 0),
      marked((difference) => difference < 0),
    ];
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    const marks = (/** @type {string} */ name) => ({
      stroke: "transparent",
      width: 0,
      points: { show: true, size: MARK, fill: color(name), stroke: color(name) },
    });
    /** @type {uPlot.Series[]} */
    const series = [
      {},
      edge,
      edge,
      { stroke: color("--accent"), width: 2, points: { show: points.length < 60, size: 5 } },
      { stroke: color("--pico-muted-color"), width: 1.5, dash: [5, 4], points: { show: false } },
      marks("--negative"),
      marks("--positive"),
    ];
    const shares = (/** @type {uPlot} */ _, /** @type {number[]} */ values) => values.map((value) => percent(value, 0));
    const options = {
      tzDate: (/** @type {number} */ at) => UPlot.tzDate(new Date(at * 1000), "Etc/UTC"), // the clock of the file
      scales: { y: { range: /** @type {uPlot.Range.MinMax} */ ([0, 1]) } },
      bands: [{ series: /** @type {[number, number]} */ ([2, 1]), fill: color("--accent-soft") }],
      axes: [
        { ...axis, values: dates, space: 80, size: 34 },
        { ...axis, values: shares, size: 60 },
      ],
      series,
    };
    return { data, options };
  }

  /**
   * A click on the chart leads to the rows of the nearest step; who has no pointer finds the same links in the table.
   * @param {MouseEvent} event
   */
  function point(event) {
    const plot = chart.plot();
    if (!plot || !shown) return;
    const { start, end } = shown.points[plot.posToIdx(event.clientX - plot.over.getBoundingClientRect().left)];
    view.showRows({ ...ALL, from: start, to: end });
  }

  chart.canvas.addEventListener("click", point);
  chart.canvas.style.cursor = "pointer";
  return {
    element: part.element,
    /** @param {JobDocument} job */
    draw(job) {
      step.value = view.get("step") ?? "";
      drawAll(); // its links keep what else is chosen
      const asked = { ...view.slice, from: null, to: null, step: view.get("step") };
      ask(`${base}/timeline${query(asked)}`, job);
    },
  };
}

/**
 * @param {string} start of a step, as the service writes it: 2024-03, 2024-03-05, 2024-03-05T15
 */
function seconds(start) {
  const [year, month, day = 1, hour = 0] = start.split(/[-T]/).map(Number);
  return Date.UTC(year, month - 1, day, hour) / 1000;
}

/**
 * @param {uPlot} _
 * @param {number[]} values
 * @param {number} __
 * @param {number} ___
 * @param {number} step between two of them, seconds
 */
function dates(_, values, __, ___, step) {
  return values.map((value) => {
    const written = new Date(value * 1000).toISOString();
    return step < 86_400 ? written.slice(5, 16).replace("T", " ") : written.slice(0, step < 28 * 86_400 ? 10 : 7);
  });
}
