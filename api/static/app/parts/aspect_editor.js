/** An own set of aspects, written as YAML and stored by the service. Where it has an operator, the operator stores it. */
import { bearer, events, Problem, send } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { field } from "./field.js";
import { noticeBoard } from "./notice.js";

const SETS = "/api/v1/aspect-sets/";
const ID = /^id:[ \t]*["']?([^\s"'#]+)/m;
const PATTERN = "id: my-set\ntitle: 我的方面集\naspects:\n- name: 服务\n  words: [服务, 态度, 客服]\n";

/**
 * @param {AbortSignal} signal
 * @param {() => string} chosen id of the set that is chosen, "" for none
 * @param {(id: string) => unknown} stored called when a set has been stored
 */
export function aspectEditor(signal, chosen, stored) {
  const board = noticeBoard();
  const text = h("textarea", { rows: "14", spellcheck: "false", class: "code" }, PATTERN);
  /** @type {string | null} */
  let token = null; // of an operator; kept no longer than the page

  /** The chosen set as the start of an own one. */
  async function copy() {
    const id = chosen();
    board.clear();
    try {
      text.value = id
        ? await send("GET", `${SETS}${encodeURIComponent(id)}?format=yaml`, { signal, as: "text" })
        : PATTERN;
      text.focus();
    } catch (error) {
      if (!signal.aborted) board.show(error, { retry: copy });
    }
  }

  async function store() {
    const id = ID.exec(text.value)?.[1] ?? "-"; // without one, the service says so
    board.clear();
    try {
      const headers = { "Content-Type": "application/yaml", ...(token && bearer(token)) };
      const asked = { body: text.value, headers, ask: false };
      /** @type {AspectSetDocument} */
      const set = await send("PUT", SETS + encodeURIComponent(id), asked);
      if (signal.aborted) return;
      announce(t("sets.stored", { id: set.id }));
      fill(board.element, h("p", { role: "status" }, t("sets.stored", { id: set.id })));
      stored(set.id);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem) || ![401, 403].includes(error.status)) {
        board.show(error, { retry: store });
        return;
      }
      token = await new Promise((give) =>
        events.dispatchEvent(new CustomEvent("key", { detail: { problem: error, give, operator: true } })),
      );
      if (token) store();
      else board.show(error);
    }
  }

  return [
    h("p", { class: "muted" }, t("sets.help")),
    field(t("sets.yaml"), text),
    board.element,
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "small", onclick: store }, t("sets.store")),
      h("button", { type: "button", class: "small secondary", onclick: copy }, t("sets.copy")),
    ),
  ];
}
