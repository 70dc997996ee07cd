/** The results as files. */
import { authorization, hasKey, NO_ANSWER, Problem, problemOf, query } from "../api.js";
import { announce, h } from "../dom.js";
import { bytes, current, t } from "../i18n.js";
import { settings } from "../settings.js";
import { noticeBoard } from "./notice.js";
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
  const board = noticeBoard();
  const words = h("span", { class: "muted" });
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
      const onclick = (/** @type {Event} */ event) => {
        if (!hasKey()) return; // the browser itself takes it, however large
        event.preventDefault();
        fetched(kind, links[kind]);
      };
      const name = kind.toUpperCase();
      const label = what === "downloads.shown" && `${name} · ${t(what)}`;
      links[kind] = h("a", { class: "button", download: "", "aria-label": label, onclick }, name);
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

  /**
   * A link cannot send a key: the file is fetched, and handed over when it is whole.
   * @param {string} kind
   * @param {HTMLAnchorElement} link
   */
  async function fetched(kind, link) {
    board.clear();
    try {
      const response = await fetch(link.href, { headers: authorization() }).catch(() => {
        throw new Problem(0, NO_ANSWER);
      });
      if (!response.ok) throw problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
      const blob = await received(response);
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: nameOf(response) ?? `results.${kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      announce(t("downloads.done"));
    } catch (error) {
      board.show(error, { retry: () => fetched(kind, link) });
    }
    words.textContent = "";
  }

  /** @param {Response} response */
  async function received(response) {
    const pieces = [];
    let size = 0;
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    for (;;) {
      const { value, done } = await reader.read().catch(() => {
        throw new Problem(0, NO_ANSWER);
      });
      if (done) return new Blob(pieces, { type: response.headers.get("Content-Type") ?? "" });
      pieces.push(value);
      size += value.length;
      words.textContent = t("downloads.so_far", { size: bytes(size) });
    }
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
    words,
    board.element,
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

/**
 * RFC 6266: the name in UTF-8.
 * @param {Response} response
 */
function nameOf(response) {
  const found = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return found && decodeURIComponent(found[1]);
}
