/** The results as files. */
import { query } from "../api.js";
import { h } from "../dom.js";
import { current, t } from "../i18n.js";
import { settings } from "../settings.js";
import { fileSaver } from "./file_saver.js";
import { rowsDone } from "./pace.js";

const KINDS = ["csv", "xlsx", "json", "ndjson"];

/** @import { JobView } from "../job_view.js" */

/** @typedef {Record<string, HTMLAnchorElement>} Links by kind */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 * @param {() => string} by the column that rows are split by, "" for none
 */
export function downloads(base, signal, view, by) {
  const saver = fileSaver();
  const large = h("p", { class: "muted" }, t("downloads.no_xlsx", { rows: settings.max_xlsx_rows }));
  const all = linksOf("downloads.all");
  const shown = linksOf("downloads.shown");
  const shownLine = line("downloads.shown", shown);
  /** @type {JobDocument | null} */
  let job = null;

  /**
   * Makes one link for each kind; the label of those for what is shown says so, for screen readers.
   * @param {string} what
   */
  function linksOf(what) {
    /** @type {Links} */
    const links = {};
    for (const kind of KINDS) {
      const name = kind.toUpperCase();
      links[kind] = saver.link(name, what === "downloads.shown" && `${name} · ${t(what)}`);
    }
    return links;
  }

  /**
   * @param {string} what
   * @param {Links} links
   */
  function line(what, links) {
    return h("div", { class: "buttons" }, h("span", { class: "what" }, t(what)), Object.values(links));
  }

  function draw() {
    if (!job) return;
    const include = job.file?.columns?.length ? "text,columns" : "text";
    const sort = job.ended_at ? view.get("sort") : null;
    for (const kind of KINDS) {
      const sheets = kind === "xlsx" ? { by: by(), lang: current() } : {}; // a workbook says things of its own
      const href = (/** @type {Record<string, unknown>} */ words) =>
        `${base}/results.${kind}${query({ include, ...words, ...sheets })}`;
      all[kind].href = href({ neutral_band: view.band });
      shown[kind].href = href({ ...view.filter, sort });
    }
    shownLine.hidden = !view.filtered && !sort;
  }

  const element = h(
    "section",
    { "aria-labelledby": "downloads-title" },
    h("h2", { id: "downloads-title" }, t("downloads.title")),
    h("p", { class: "muted" }, t("downloads.help")),
    large,
    line("downloads.all", all),
    shownLine,
    saver.element,
  );
  view.addEventListener("change", draw, { signal });
  return {
    element,
    /** @param {JobDocument} fresh */
    update(fresh) {
      job = fresh;
      const tooMany = rowsDone(job) > settings.max_xlsx_rows;
      all.xlsx.hidden = tooMany;
      large.hidden = !tooMany;
      draw();
    },
  };
}
