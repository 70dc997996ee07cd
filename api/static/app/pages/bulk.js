/** A file becomes a job: drop it, look at how it is read, say how it is to run. */
import { get, Problem, query, send } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { bytes, t } from "../i18n.js";
import { dropZone } from "../parts/drop_zone.js";
import { jobOptions } from "../parts/job_options.js";
import { noticeBoard } from "../parts/notice.js";
import { preview } from "../parts/preview.js";
import { progressBar } from "../parts/progress.js";
import { beginning, sampleOf } from "../samples.js";
import { settings } from "../settings.js";
import { transfer } from "../transfer.js";
import { Upload } from "../uploads.js";

/**
 * The upload that is looked at, and the one that makes a job of it.
 * @typedef {{id: string, sending: Upload | null}} Looked
 */

/** @import { Progress } from "../transfer.js" */

/**
 * Outlives the page: the file that was chosen is still there when one comes back, or changes the language.
 * @type {{file: File | null}}
 */
const state = { file: null };

const BAR_FROM_BYTES = 1_000_000; // what is smaller is there before one could read a bar

/** @param {import("../main.js").Visit} visit */
export function page({ signal, go }) {
  const board = noticeBoard();
  const steps = h("div");
  const zone = dropZone(look);
  /** @type {Looked | null} */
  let looked = null;
  let looking = new AbortController(); // another file ends the look at this one

  /** @param {File} file */
  async function look(file) {
    looking.abort();
    looking = new AbortController();
    const mine = AbortSignal.any([signal, looking.signal]);
    forget();
    board.clear();
    state.file = file;
    zone.chosen(file);
    fill(steps, h("p", { "aria-busy": "true" }, t("bulk.reading", { name: file.name })));
    announce(t("bulk.reading", { name: file.name }));
    try {
      if (file.size === 0) throw new Problem(422, { code: "empty_file" });
      const sample = await sampleOf(file);
      if (sample.content.size > settings.max_upload_bytes) throw tooLarge(sample.content.size);
      /** @type {UploadDocument} */
      const upload = await transfer(`/api/v1/uploads${query({ filename: sample.name })}`, () => sample.content, {
        headers: { "Content-Type": "application/octet-stream" },
        signal: mine,
        progress: lookingBar(sample.content.size),
      });
      if (mine.aborted) return remove(upload.id);
      looked = { id: upload.id, sending: null };
      draw(file, sample, upload, looked);
    } catch (error) {
      if (mine.aborted) return;
      state.file = null;
      steps.replaceChildren();
      board.show(error, { retry: () => look(file) });
    }
  }

  /**
   * @param {number} size bytes
   * @returns {Progress | null}
   */
  function lookingBar(size) {
    if (size < BAR_FROM_BYTES) return null;
    const bar = progressBar(t("bulk.upload"));
    steps.append(bar.element);
    return (sent, of) => bar.set(sent, of, `${bytes(sent)} / ${bytes(of)}`);
  }

  /**
   * @param {File} file
   * @param {{whole: boolean}} sample
   * @param {UploadDocument} upload
   * @param {Looked} mine
   */
  function draw(file, sample, upload, mine) {
    const start = h("button", { type: "submit" }, t("bulk.start"));
    const view = preview(
      upload,
      (reading) => get(`/api/v1/uploads/${upload.id}${query(reading)}`, signal),
      (reading) => {
        start.disabled = reading; // the user has not seen yet what would start
      },
    );
    const options = jobOptions({ hasColumns: upload.columns.length > 1, signal });
    let before = "";
    const submit = async (/** @type {Event | undefined} */ event) => {
      event?.preventDefault();
      if (mine.sending?.runs || start.disabled) return;
      board.clear();
      start.setAttribute("aria-busy", "true");
      const asked = { ...view.reading(), ...options.values() };
      const wanted = JSON.stringify(asked);
      if (wanted !== before) {
        const sending = sample.whole ? ofUpload(upload.id, file, asked) : ofFile(file, asked);
        sending.addEventListener("found", () => {
          if (state.file !== file) return; // another one has been chosen since
          state.file = null; // it is a job now
          if (!signal.aborted) go(`/jobs/${sending.jobId}`);
        });
        mine.sending = sending;
        before = wanted; // the same once more is another try of the same job
      }
      const sending = /** @type {Upload} */ (mine.sending);
      await sending.start();
      start.removeAttribute("aria-busy");
      if (sending.done && looked === mine) looked = null;
      if (looked !== mine) return remove(mine.id); // the user cannot retry it any more
      if (sending.problem) {
        board.show(sending.problem, {
          retry: () => submit(undefined),
          place: (entry) => view.place(entry) ?? options.place(entry),
        });
      }
    };
    // What is half changed must not be sent by itself.
    const oninput = () => {
      if (mine.sending?.problem instanceof Problem && mine.sending.problem.passes) board.clear();
    };
    const buttons = h("div", { class: "buttons" }, start);
    fill(steps, h("form", { onsubmit: submit, oninput }, view.element, options.element, buttons));
    announce(t("bulk.read", { name: file.name }));
    // A user who is elsewhere on the page already stays there.
    const { activeElement: active } = document;
    if (!active || active.matches("body, main") || zone.element.contains(active))
      view.element.querySelector("h2")?.focus();
  }

  /** What was uploaded to look at is not needed any more: Redis need not keep it for an hour. */
  function forget() {
    if (looked && !looked.sending?.runs) remove(looked.id);
    looked = null;
  }

  signal.addEventListener("abort", forget);
  if (state.file) look(state.file);
  return [
    h("h1", {}, t("bulk.title")),
    h("p", { class: "muted" }, t("bulk.intro")),
    zone.element,
    board.element,
    steps,
  ];
}

/** @param {string} upload its id */
function remove(upload) {
  send("DELETE", `/api/v1/uploads/${upload}`).catch(() => {}); // it goes by itself, later
}

/**
 * The service has the whole file already.
 * @param {string} id of the upload
 * @param {File} file
 * @param {Record<string, unknown>} asked
 */
function ofUpload(id, file, asked) {
  const body = JSON.stringify({ upload: id, filename: file.name, ...asked });
  return new Upload(() => body, { size: file.size, there: true, headers: { "Content-Type": "application/json" } });
}

/**
 * The options stand before the file: the service reads them first.
 * @param {File} file
 * @param {Record<string, unknown>} asked
 */
function ofFile(file, asked) {
  const body = async () => {
    await beginning(file); // what cannot be read looks like a lost connection once it is sent
    const form = new FormData();
    for (const [name, value] of Object.entries(asked)) for (const one of [value].flat()) form.append(name, String(one));
    form.append("file", file, file.name);
    return form;
  };
  return new Upload(body, { size: file.size });
}

/** @param {number} size bytes */
function tooLarge(size) {
  const detail = t("bulk.workbook_too_large", { size: bytes(size), most: bytes(settings.max_upload_bytes) });
  return new Problem(413, { code: "body_too_large", detail, language: document.documentElement.lang });
}
