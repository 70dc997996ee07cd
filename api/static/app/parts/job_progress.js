/** How far the upload is, and how far the work. */
import { fill, h } from "../dom.js";
import { bytes, duration, maybe, number, progress, t } from "../i18n.js";
import { uploadOf } from "../uploads.js";
import { box, notice } from "./notice.js";
import { rowsDone } from "./pace.js";
import { progressBar } from "./progress.js";
import { refusal } from "./refusals.js";
import { pair } from "./table.js";

/**
 * @param {string} id of the job
 * @param {AbortSignal} signal
 * @param {(path: string) => unknown} go another try to send the file makes another job
 */
export function jobProgress(id, signal, go) {
  const sending = progressBar(t("progress.upload"));
  const working = progressBar(t("progress.work"));
  const board = h("div");
  const numbers = h("dl", { class: "numbers" });
  const upload = uploadOf(id);
  /** @type {unknown} */
  let shown = null; // the problem on the board

  /** @param {JobDocument} [job] */
  function drawUpload(job) {
    sending.element.hidden = !upload && job?.state !== "receiving";
    if (upload) {
      if (upload.done) sending.set(1, 1, t("progress.sent", { size: bytes(upload.size) }));
      else sending.set(upload.sent, upload.of, upload.problem ? t("progress.broken") : underWay(upload));
      if (upload.problem !== shown)
        fill(board, upload.problem ? notice(upload.problem, { retry: () => upload.start() }) : null);
      shown = upload.problem;
    } else if (job) {
      sending.set(0, 0, t("progress.elsewhere", { rows: job.counts.total }));
    }
  }

  /** @param {JobDocument} job */
  function update(job) {
    drawUpload(job);
    const { total, completed, failed, without_text: blank } = job.counts;
    const done = rowsDone(job);
    const known = job.state !== "receiving";
    const left = known && !job.ended_at ? job.eta_s : null; // unknown for rows that have not arrived
    const words = [t(known ? "progress.rows" : "progress.rows_so_far", { done, total })];
    if (known && total) words.push(progress(done, total));
    if (left !== null) words.push(t("progress.eta", { time: duration(left) }));
    if (job.queue_position) words.push(t("progress.position", { position: job.queue_position }));
    working.set(done, total || (job.ended_at ? 1 : 0), words.join(" · "));
    fill(
      numbers,
      pair(t("counts.total"), number(total)),
      pair(t("counts.completed"), number(completed)),
      pair(t("counts.failed"), number(failed), failed > 0 && "bad"),
      blank > 0 && pair(t("counts.without_text"), number(blank)),
      pair(t("counts.speed"), job.texts_per_second === null ? "–" : number(job.texts_per_second)),
      pair(t("counts.eta"), left === null ? "–" : duration(left)),
    );
    if (job.error && !upload?.problem) {
      const { code, detail } = job.error;
      const words = [
        h("p", {}, maybe(`error.${code}`) ?? refusal(code), " ", maybe(`remedy.${code}`)),
        h("small", { lang: "en" }, detail),
      ];
      fill(board, box(t("job.failed"), words));
    }
  }

  upload?.addEventListener("change", () => drawUpload(), { signal });
  upload?.addEventListener("found", () => go(`/jobs/${upload.jobId}`), { signal });
  return {
    element: h("section", { "aria-label": t("progress.label") }, sending.element, working.element, board, numbers),
    update,
  };
}

/** @param {import("../uploads.js").Upload} upload */
function underWay({ sent, of, leftS }) {
  const words = `${bytes(sent)} / ${bytes(of)}`;
  return leftS === null ? words : `${words} · ${t("progress.eta", { time: duration(leftS) })}`;
}
