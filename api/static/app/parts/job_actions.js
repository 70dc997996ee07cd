/** What can be done to a job now. */
import { post, send } from "../api.js";
import { announce, h } from "../dom.js";
import { t } from "../i18n.js";
import { uploadOf } from "../uploads.js";
import { confirmed } from "./confirm.js";
import { noticeBoard } from "./notice.js";

/**
 * @param {string} base address of the job
 * @param {{signal: AbortSignal, acted: (job: JobDocument) => unknown, erased: () => unknown}} options told with the job
 *   after it, unless one has left
 */
export function jobActions(base, { signal, acted, erased }) {
  const board = noticeBoard();
  /** @type {Record<string, HTMLElement>} */
  const buttons = {};
  /** @type {JobDocument} */
  let job;

  /** @param {string} name */
  async function act(name) {
    board.clear();
    try {
      const after = await post(`${base}/${name}`);
      if (name === "cancel") uploadOf(job.id)?.stop(); // not before: a broken upload makes the job a failed one
      if (signal.aborted) return;
      acted(after);
      announce(t(`acted.${name}`));
    } catch (error) {
      board.show(error, { retry: () => act(name) });
    }
  }

  async function erase() {
    try {
      uploadOf(job.id)?.stop();
      await send("DELETE", base);
      if (signal.aborted) return;
      announce(t("acted.erase"));
      erased();
    } catch (error) {
      board.show(error, { retry: erase });
    }
  }

  for (const name of ["pause", "resume", "retry"]) {
    buttons[name] = h(
      "button",
      { type: "button", class: "small", hidden: true, onclick: () => act(name) },
      t(`act.${name}`),
    );
  }
  buttons.cancel = confirmed(t("act.cancel"), t("act.cancel_sure"), () => act("cancel"));
  const element = h(
    "div",
    {},
    h(
      "div",
      { class: "buttons", role: "group", "aria-label": t("act.label") },
      Object.values(buttons),
      confirmed(t("act.erase"), t("act.erase_sure"), erase),
    ),
    board.element,
  );
  return {
    element,
    /** @param {JobDocument} fresh */
    update(fresh) {
      job = fresh;
      const pressed = document.activeElement;
      for (const [name, button] of Object.entries(buttons)) button.hidden = !(name in job.links);
      // The button that was pressed makes room for its opposite: the keyboard stays there.
      if (pressed?.closest("[hidden]") && element.contains(pressed))
        /** @type {HTMLElement | null} */ (element.querySelector("button:not([hidden], [hidden] *)"))?.focus();
    },
  };
}
