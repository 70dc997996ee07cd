/**
 * Files on their way to become jobs, in this tab. They go on while one looks at other pages; the job is found by its
 * Idempotency-Key while the file is still sent, since its rows run already.
 */
import { get, newKey, pause, query } from "./api.js";
import { transfer } from "./transfer.js";

const LOOK_EVERY_MS = 700;

/** @type {Map<string, Upload>} by job id */
const known = new Map();

/** @type {Set<Upload>} */
const running = new Set();

/** @import { Body } from "./transfer.js" */

/** Tells of itself by `change`, and by `found` when it is known which job it makes. */
export class Upload extends EventTarget {
  /**
   * @param {() => Body | Promise<Body>} body what is sent, at each try
   * @param {{size: number, there?: boolean, headers?: Record<string, string>}} options `size` of the file, bytes:
   *   progress counts it alone, not what else is sent; `there`: the service has it already
   */
  constructor(body, { size, there = false, headers = {} }) {
    super();
    this.size = size;
    this.there = there;
    this.body = body;
    this.headers = headers;
    this.tried = false;
    this.began = 0;
    /** @type {string | null} */
    this.jobId = null;
    /** @type {unknown} */
    this.problem = null;
    this.sent = 0;
    this.of = size;
    this.done = false;
    this.stopping = new AbortController();
    this.key = newKey(); // of each try: where only the answer was lost, another one finds the same job
    this.#reset();
  }

  #reset() {
    Object.assign(this, {
      jobId: null,
      sent: this.there ? this.size : 0,
      of: this.size,
      problem: null,
      done: false,
      stopping: new AbortController(),
    });
  }

  /** Send it, from its beginning. Ends when the service has taken or refused it: `done`, or `problem`. */
  async start() {
    if (this.runs) return;
    running.add(this);
    const tried = this.tried;
    this.#reset();
    this.began = performance.now();
    this.tried = true;
    this.#change();
    const over = new AbortController();
    this.#look(over.signal);
    addEventListener("beforeunload", stay);
    try {
      const headers = { ...this.headers, "Idempotency-Key": this.key };
      // The form around the file comes first, but for its last line.
      /** @type {import("./transfer.js").Progress} */
      const progress = (sent, of) =>
        this.there || this.#change({ sent: Math.min(this.size, Math.max(0, sent - of + this.size)) });
      const earlier = tried ? await this.#made(over.signal) : null;
      // Was it taken, and the answer lost? While it counts as receiving, the service says when to ask again.
      const whole = earlier && earlier.state !== "receiving";
      const { signal } = this.stopping;
      const job = whole ? earlier : await transfer("/api/v1/jobs", this.body, { headers, progress, signal });
      this.#found(job.id);
      this.done = true;
    } catch (problem) {
      this.problem = problem;
    }
    over.abort();
    running.delete(this);
    if (running.size === 0) removeEventListener("beforeunload", stay);
    this.#change();
  }

  get runs() {
    return running.has(this);
  }

  /** Seconds until all is sent, at the speed so far; null where that says nothing. */
  get leftS() {
    if (this.sent === 0 || this.sent === this.of) return null; // at its end, it is the service that takes time
    return (((this.of - this.sent) / this.sent) * (performance.now() - this.began)) / 1000;
  }

  /** Send nothing more; the job keeps what had arrived. */
  stop() {
    this.stopping.abort();
  }

  /** @param {AbortSignal} signal */
  async #look(signal) {
    try {
      while (this.jobId === null) {
        await pause(LOOK_EVERY_MS, signal);
        const job = await this.#made(signal);
        if (job) this.#found(job.id);
      }
    } catch {
      // the answer to the upload itself says what is wrong
    }
  }

  /**
   * The job of this upload, as far as there is one.
   * @param {AbortSignal} signal
   * @returns {Promise<JobDocument | null>}
   */
  async #made(signal) {
    /** @type {JobList} */
    const { data } = await get(`/api/v1/jobs${query({ idempotency_key: this.key })}`, signal);
    return data[0] ?? null;
  }

  /**
   * Another job than before where the browser itself sent the file again, over a connection that had broken.
   * @param {string} jobId
   */
  #found(jobId) {
    if (this.jobId === jobId) return;
    known.set(jobId, this);
    this.#change({ jobId });
    this.dispatchEvent(new Event("found"));
  }

  #change(values = {}) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Event} event */
function stay(event) {
  event.preventDefault(); // the browser asks whether to leave
}

/**
 * The upload of this tab that makes or made the job.
 * @param {string} jobId
 */
export function uploadOf(jobId) {
  const upload = known.get(jobId);
  return upload?.jobId === jobId ? upload : undefined; // sent again, it makes another
}
