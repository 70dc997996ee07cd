/** The models that the workers have. An operator may take the cluster over to another one. */
import { bearer, events, get, Problem, send } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { percent, t } from "../i18n.js";
import { confirmed } from "./confirm.js";
import { noticeBoard } from "./notice.js";
import { table, tablePlace } from "./table.js";

/** @param {AbortSignal} signal */
export function modelTable(signal) {
  const board = noticeBoard();
  const said = h("p", { role: "status" });
  const list = tablePlace(t("models.title"));
  /** @type {string | null} */
  let token = null; // of an operator; kept no longer than the page
  let shown = "";

  async function read() {
    const [models, activation] = await Promise.all([
      get("/api/v1/models", signal),
      get("/api/v1/models/activation", signal),
    ]);
    draw(models.data, activation);
  }

  /**
   * @param {StoredModelDocument[]} models
   * @param {ActivationDocument} activation
   */
  function draw(models, { candidate, error }) {
    const news = JSON.stringify([models, candidate, error]);
    if (news === shown || list.querySelector(".confirm [role=group]")) return; // a question that is open stays so
    shown = news;
    const words = candidate ? t("models.trying", { model: candidate }) : error ? t("models.dropped", { error }) : "";
    if (said.textContent !== words) said.textContent = words;
    fill(
      list,
      models.length === 0
        ? h("p", { class: "muted" }, t("models.none"))
        : table(
            ["model", "labels", "accuracy", "precision", "workers", "use"].map((name) => t(`models.${name}`)),
            models.map((model) => line(model, candidate)),
            { "aria-label": t("models.title") },
          ),
    );
  }

  /**
   * Its cells.
   * @param {StoredModelDocument} model
   * @param {string | null} candidate
   */
  function line(model, candidate) {
    const name = `${model.id}@${model.version}`;
    const use = model.active
      ? h("span", { class: "badge positive" }, t("models.active"))
      : name === candidate
        ? h("span", { class: "badge" }, t("models.candidate"))
        : confirmed(t("models.activate"), t("models.sure", { model: name }), () => activate(name), "small");
    const { accuracy, tested_on: texts } = model;
    const right = accuracy === null ? "–" : [percent(accuracy), h("small", {}, t("models.tested", { texts }))];
    return [name, model.labels.join(", "), right, model.precision, String(model.workers.length), use];
  }

  /** @param {string} model `id@version` */
  async function activate(model) {
    board.clear();
    try {
      const headers = token ? bearer(token) : {};
      // It is the operator's token that is wanted here, and no API key.
      await send("POST", "/api/v1/models/activation", { json: { model }, headers, ask: false });
      if (signal.aborted) return;
      announce(t("models.proposed", { model }));
      await read();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem) || ![401, 403].includes(error.status)) {
        board.show(error, { retry: () => activate(model) });
        return;
      }
      token = await askForToken(error);
      if (token) activate(model);
      else board.show(error);
    }
  }

  /**
   * @param {Problem} problem
   * @returns {Promise<string | null>}
   */
  function askForToken(problem) {
    return new Promise((give) =>
      events.dispatchEvent(new CustomEvent("key", { detail: { problem, give, operator: true } })),
    );
  }

  return { element: h("div", {}, said, board.element, list), read };
}
