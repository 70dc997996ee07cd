/** Files of the service, taken away. A link cannot send a key: with one, the page fetches the file and hands it over. */
import { authorization, hasKey, NO_ANSWER, Problem, problemOf } from "../api.js";
import { announce, h } from "../dom.js";
import { bytes, t } from "../i18n.js";
import { noticeBoard } from "./notice.js";

/** @typedef {{name: string, blob: Blob}} File with the name that it is saved by */

/** What takes files away; `element` tells how much has come, and what went wrong. */
export function fileSaver() {
  const board = noticeBoard();
  const words = h("span", { class: "muted" });

  /**
   * @param {string} href
   * @param {(file: File) => File | Promise<File>} [turned] what is made of the file before it is handed over
   */
  async function save(href, turned = (file) => file) {
    board.clear();
    try {
      const response = await fetch(href, { headers: authorization() }).catch(() => {
        throw new Problem(0, NO_ANSWER);
      });
      if (!response.ok) throw problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
      const { name, blob } = await turned({ name: nameOf(response, href), blob: await received(response) });
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      announce(t("downloads.done"));
    } catch (error) {
      board.show(error, { retry: () => save(href, turned) });
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

  return {
    element: h("div", {}, words, board.element),
    save,
    /**
     * A link to a file, which the browser itself takes where no key is needed, however large it is.
     * @param {string} name
     * @param {string | false} [label] for screen readers, where the name does not say enough
     */
    link(name, label = false) {
      const onclick = (/** @type {Event} */ event) => {
        if (!hasKey()) return;
        event.preventDefault();
        save(link.href);
      };
      const link = h("a", { class: "button", download: "", "aria-label": label, onclick }, name);
      return link;
    },
  };
}

/**
 * RFC 6266: the name in UTF-8.
 * @param {Response} response
 * @param {string} href
 */
function nameOf(response, href) {
  const found = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return found ? decodeURIComponent(found[1]) : (new URL(href).pathname.split("/").at(-1) ?? "");
}
