/** What was found, for others: a report, and the charts as pictures. */
import { query } from "../api.js";
import { h } from "../dom.js";
import { current, t } from "../i18n.js";
import { fileSaver } from "./file_saver.js";

const SCALE = 2; // pixels of a PNG for one of the SVG, so that it is sharp on slides

/** @import { JobView } from "../job_view.js" */
/** @import { File } from "./file_saver.js" */

/**
 * @param {string} base address of the job
 * @param {JobView} view
 * @param {JobDocument} job
 */
export function sharing(base, view, job) {
  const saver = fileSaver();
  const report = saver.link(t("sharing.report"));
  const pictures = [
    ...(job.options.aspects ? [picture("aspects", t("aspects.title"))] : []),
    ...("timeline" in job.links ? [picture("timeline", t("timeline.title"))] : []),
  ];

  /**
   * @param {string} name
   * @param {string} title
   */
  function picture(name, title) {
    const svg = saver.link("SVG", `SVG · ${title}`);
    const png = h(
      "button",
      { class: "secondary", "aria-label": `PNG · ${title}`, onclick: () => saver.save(svg.href, toPng) },
      "PNG",
    );
    return { name, svg, line: h("div", { class: "buttons" }, h("span", { class: "what" }, title), svg, png) };
  }

  return {
    element: h(
      "section",
      { "aria-labelledby": "sharing-title" },
      h("h2", { id: "sharing-title" }, t("sharing.title")),
      h("p", { class: "muted" }, t("sharing.help")),
      h("div", { class: "buttons" }, h("span", { class: "what" }, t("sharing.all")), report),
      pictures.map(({ line }) => line),
      saver.element,
    ),
    draw() {
      const shown = { ...view.slice, aspect: null, lang: current() };
      report.href = `${base}/report.html${query({ ...shown, by: view.get("by") })}`;
      for (const { name, svg } of pictures) {
        const step = name === "timeline" ? { step: view.get("step") } : {};
        svg.href = `${base}/${name}.svg${query({ ...shown, ...step })}`;
      }
    },
  };
}

/**
 * The same picture in pixels: the browser has fonts for all languages.
 * @param {File} file
 * @returns {Promise<File>}
 */
async function toPng({ name, blob }) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(await blob.text())}`;
  await image.decode();
  const canvas = h("canvas", { width: image.naturalWidth * SCALE, height: image.naturalHeight * SCALE });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!drawn) throw new Error("the browser made no PNG of the picture");
  return { name: name.replace(/\.svg$/, ".png"), blob: drawn };
}
