/** Which model answers, and how far to trust it: where its answers stand, not in a manual. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";

export function modelNote(signal) {
  const element = h("p", { class: "trust" });
  let shown = "";
  let models = null;

  /** @param {?{id, version}} model null: the active one */
  async function show(model) {
    const name = model && nameOf(model);
    if (name === shown) return;
    shown = name;
    try {
      models ??= (await get("/api/v1/models", signal)).data;
    } catch {
      models = []; // who asked for rows is told why there are none
    }
    if (signal.aborted || shown !== name) return;
    const found = models.find((one) => (model ? nameOf(one) === name : one.active));
    if (!model && !found) return fill(element);
    const { accuracy = null, tested_on: texts } = found ?? {};
    fill(
      element,
      h("span", { class: "muted" }, `${t("trust.model")} `),
      h("strong", {}, (model ?? found).id),
      h("span", { class: "muted version" }, ` ${(model ?? found).version}`),
      h("br"),
      accuracy === null
        ? t("trust.unknown")
        : t("trust.known", { share: percent(accuracy, 0), texts: number(texts) }),
      " ",
      t("trust.misses"),
      " ",
      h("a", { href: "/cluster#models" }, t("trust.more")),
    );
  }

  return {
    element,
    show,
    update: (job) => job.model.id && job.model.version && show(job.model),
  };
}

function nameOf({ id, version }) {
  return `${id}@${version}`;
}
