/** Sending what takes its time: with progress, which fetch does not tell of. */
import { answered, authorization, NO_ANSWER, Problem, withKey } from "./api.js";

/** @typedef {Blob | FormData | string} Body */

/** @typedef {(sent: number, of: number) => unknown} Progress in bytes */

/** @typedef {{headers?: Record<string, string>, signal?: AbortSignal, progress?: Progress | null}} TransferOptions */

/**
 * POST a body. If a key is missing, asks the user for it and sends the body again.
 * @param {string} path
 * @param {() => Body | Promise<Body>} body gives what is sent, at each try
 * @param {TransferOptions} [options]
 * @returns {Promise<any>} the answer's JSON
 * @throws {Problem}
 */
export function transfer(path, body, options = {}) {
  return withKey(async () => once(path, await body(), options));
}

/**
 * @param {string} path
 * @param {Body} body
 * @param {TransferOptions} options
 * @returns {Promise<any>}
 */
function once(path, body, { headers = {}, signal, progress }) {
  return new Promise((resolve, reject) => {
    const stopped = new Problem(0, { code: "upload_stopped" });
    if (signal?.aborted) return reject(stopped);
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries({ ...authorization(), ...headers }))
      request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress?.(event.loaded, event.total);
    request.onerror = () => reject(new Problem(0, NO_ANSWER));
    request.onabort = () => reject(stopped);
    request.onload = () => {
      try {
        resolve(answered(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      } catch (problem) {
        reject(problem);
      }
    };
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
