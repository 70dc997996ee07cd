/** Charts by uPlot, which is loaded when the first is drawn. Each has its numbers as a table beside it. */
import { fill, h } from "../dom.js";
import { number, t } from "../i18n.js";
import { table, tablePlace } from "./table.js";

const LIBRARY = "../../vendor/uplot-1.6.32/";
const HEIGHT = 220; // pixels
/** @type {Promise<typeof import("uplot") | null> | null} */
let library = null;

/** @import uPlot from "uplot" */

/** @typedef {[x: number, y: number, words: string]} Point `words` for x */

/** @typedef {"bars" | "line"} Kind */

/** null while it cannot be had: the numbers are there without it, and it is tried again when something is drawn. */
function load() {
  library ??= import(`${LIBRARY}uPlot.esm.js`).then(
    (module) => {
      document.head.append(h("link", { rel: "stylesheet", href: new URL(`${LIBRARY}uPlot.min.css`, import.meta.url) }));
      return module.default;
    },
    () => {
      library = null;
      return null;
    },
  );
  return library;
}

/**
 * A colour of the style sheet as the theme has it now: a canvas knows no variables.
 * @param {string} name
 */
export function color(name) {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color: found } = getComputedStyle(probe);
  probe.remove();
  return found;
}

/**
 * A chart, and its numbers in a table.
 * @typedef {object} Plan
 * @property {uPlot.AlignedData} data
 * @property {Partial<uPlot.Options> & Pick<uPlot.Options, "series">} options beside those that all charts have
 */

/**
 * A place for a chart, which is drawn again when the window or the theme changes.
 * @param {string} title
 * @param {AbortSignal} signal ends it
 * @param {(UPlot: typeof import("uplot"), axis: uPlot.Axis) => Plan | null} plan of what is shown; null: nothing is
 */
export function figure(title, signal, plan) {
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": title });
  const numbers = tablePlace(title);
  const element = h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, title),
    canvas,
    h("details", {}, h("summary", {}, t("chart.numbers")), numbers),
  );
  /** @type {uPlot | undefined} */
  let plot;

  async function draw() {
    const UPlot = await load();
    if (!UPlot || signal.aborted || !canvas.clientWidth) return;
    const axis = {
      stroke: color("--pico-muted-color"),
      grid: { stroke: color("--pico-muted-border-color"), width: 1 },
      ticks: { show: false },
    };
    const planned = plan(UPlot, axis);
    if (!planned) return;
    const common = { width: canvas.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { show: false } };
    plot?.destroy();
    plot = new UPlot({ ...common, ...planned.options }, planned.data, canvas);
  }

  const resized = new ResizeObserver(() => {
    if (plot && plot.width !== canvas.clientWidth) plot.setSize({ width: canvas.clientWidth, height: HEIGHT });
    else if (!plot) draw();
  });
  resized.observe(canvas);
  addEventListener("themechange", draw, { signal });
  for (const colours of ["(prefers-color-scheme: dark)", "print"]) // paper is light in any theme
    matchMedia(colours).addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => {
    resized.disconnect();
    plot?.destroy();
  });
  return { element, canvas, numbers, draw, plot: () => plot };
}

/**
 * Bars or a line.
 * @param {string} title
 * @param {string} xName
 * @param {AbortSignal} signal ends it
 */
export function chart(title, xName, signal) {
  /** @type {{kind: Kind, points: Point[], yName: string} | null} */
  let shown = null;

  const { element, numbers, draw } = figure(title, signal, (UPlot, axis) => {
    if (!shown) return null;
    const { kind, points, yName } = shown;
    const names = (/** @type {uPlot} */ _, /** @type {number[]} */ values) => values.map((value) => number(value, 2));
    const paths = kind === "bars" ? UPlot.paths.bars?.({ size: [0.9, 100] }) : UPlot.paths.linear?.();
    const options = {
      scales: {
        x: { time: false, ...(kind === "bars" && { range: /** @type {uPlot.Range.MinMax} */ ([0, 1]) }) },
        y: { range: mostAndALittle },
      },
      axes: [
        { ...axis, values: names, label: xName, labelSize: 18, size: 34 },
        { ...axis, values: names, label: yName, labelSize: 18, size: 60 },
      ],
      series: [
        {},
        { paths, stroke: color("--accent"), fill: color("--accent-soft"), width: 2, points: { show: false } },
      ],
    };
    return { data: [points.map(([x]) => x), points.map(([, y]) => y)], options };
  });

  /**
   * @param {Kind} kind
   * @param {Point[]} points
   * @param {string} yName
   */
  function show(kind, points, yName) {
    if (JSON.stringify(shown) === JSON.stringify({ kind, points, yName })) return;
    shown = { kind, points, yName };
    const lines = points.map(([, y, words]) => [words, number(y, 1)]);
    fill(numbers, table([xName, yName], lines));
    draw();
  }

  return {
    element,
    bars: (/** @type {Point[]} */ points, /** @type {string} */ yName) => show("bars", points, yName),
    line: (/** @type {Point[]} */ points, /** @type {string} */ yName) => show("line", points, yName),
  };
}

/**
 * From 0 to a little above the highest value.
 * @param {uPlot} _
 * @param {number} __
 * @param {number} most
 * @returns {[number, number]}
 */
function mostAndALittle(_, __, most) {
  return [0, Math.max(most, 1) * 1.05];
}
