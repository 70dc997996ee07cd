/** Charts by uPlot, which is loaded when the first is drawn. Each has its numbers as a table beside it. */
import { fill, h } from "../dom.js";
import { number, t } from "../i18n.js";
import { table, tablePlace } from "./table.js";

const LIBRARY = "../../vendor/uplot-1.6.32/";
const HEIGHT = 220; // pixels
let library = null;

/** null while it cannot be had: the numbers are there without it, and it is tried again when something is drawn. */
function load() {
  library ??= import(`${LIBRARY}uPlot.esm.js`).then(
    (module) => {
      document.head.append(h("link", { rel: "stylesheet", href: new URL(`${LIBRARY}uPlot.min.css`, import.meta.url) }));
      return module.default;
    },
    () => (library = null),
  );
  return library;
}

/** A colour of the style sheet as the theme has it now: a canvas knows no variables. */
function color(name) {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color: found } = getComputedStyle(probe);
  probe.remove();
  return found;
}

/**
 * @param {string} title @param {string} xName @param {AbortSignal} signal ends it
 * @returns {{element, bars: function(Array, string), line: function(Array, string)}} both take points `[x, y, words for x]`
 *   and the name of y
 */
export function chart(title, xName, signal) {
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": title });
  const numbers = tablePlace(title);
  const element = h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, title),
    canvas,
    h("details", {}, h("summary", {}, t("chart.numbers")), numbers),
  );
  let plot = null;
  let shown = null; // {kind, points, yName}

  async function draw() {
    const UPlot = await load();
    if (!UPlot || signal.aborted || !shown || !canvas.clientWidth) return;
    const { kind, points, yName } = shown;
    const data = [points.map(([x]) => x), points.map(([, y]) => y)];
    plot?.destroy();
    plot = new UPlot(options(UPlot, kind, yName), data, canvas);
  }

  function options(UPlot, kind, yName) {
    const axis = {
      stroke: color("--pico-muted-color"),
      grid: { stroke: color("--pico-muted-border-color"), width: 1 },
      ticks: { show: false },
    };
    const names = (_, values) => values.map((value) => number(value, 2));
    const paths = kind === "bars" ? UPlot.paths.bars({ size: [0.9, 100] }) : UPlot.paths.linear();
    return {
      width: canvas.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, ...(kind === "bars" && { range: [0, 1] }) },
        y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.05] },
      },
      axes: [
        { ...axis, values: names, label: xName, labelSize: 18, size: 34 },
        { ...axis, values: names, label: yName, labelSize: 18, size: 60 },
      ],
      series: [
        {},
        {
          paths,
          stroke: color("--accent"),
          fill: color("--accent-soft"),
          width: 2,
          points: { show: false },
        },
      ],
    };
  }

  function show(kind, points, yName) {
    if (JSON.stringify(shown) === JSON.stringify({ kind, points, yName })) return;
    shown = { kind, points, yName };
    const lines = points.map(([, y, words]) => [words, number(y, 1)]);
    fill(numbers, table([xName, yName], lines));
    draw();
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
  return {
    element,
    bars: (points, yName) => show("bars", points, yName),
    line: (points, yName) => show("line", points, yName),
  };
}
