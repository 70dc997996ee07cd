/** Which model answers, and how far to trust it: where its answers stand, not in a manual. */
import { send } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";

const FRESH_MS = 60_000; // another model may be activated at any time

/**
 * Outlives the page, so that one who changes the language need not wait for it.
 * @type {{at: number, models: StoredModelDocument[]} | null}
 */
let read = null;

/** @param {AbortSignal} signal */
export function modelNote(signal) {
  const element = h("p", { class: "trust", hidden: true });
  /** @type {ModelDocument | null} */
  let wanted = null;

  /**
   * Of the model with this id and version, null for the active one. The note never asks the user for a key and never
   * delays the page; if the models cannot be read now, the next call shows it.
   * @param {ModelDocument | null} model
   */
  async function show(model) {
    wanted = model;
    const models = await storedModels(signal);
    if (signal.aborted || wanted !== model) return;
    const found = models?.find((one) => (model ? one.id === model.id && one.version === model.version : one.active));
    const { id, version } = model ?? found ?? {};
    element.hidden = !id;
    if (!id) return;
    const { accuracy = null, tested_on: texts } = found ?? {};
    fill(
      element,
      h("span", { class: "muted" }, `${t("trust.model")} `),
      h("strong", {}, id),
      h("span", { class: "muted version" }, ` ${version}`),
      h("br"),
      accuracy === null
        ? t("trust.unknown")
        : t("trust.known", { share: percent(accuracy, 0), texts: number(texts ?? 0) }),
      " ",
      t("trust.misses"),
      " ",
      h("a", { href: "/cluster#models" }, t("trust.more")),
    );
  }

  let shown = "";
  return {
    element,
    show,
    /** @param {JobDocument} job */
    update({ model }) {
      const name = `${model.id}@${model.version}`;
      if (!model.id || !model.version || name === shown) return;
      shown = name;
      show(model);
    },
  };
}

/**
 * The models that there are; null where they cannot be read now.
 * @param {AbortSignal} signal
 * @returns {Promise<StoredModelDocument[] | null>}
 */
export async function storedModels(signal) {
  if (read && performance.now() - read.at < FRESH_MS) return read.models;
  try {
    const { data } = await send("GET", "/api/v1/models", { signal, ask: false });
    read = { at: performance.now(), models: data };
    return data;
  } catch {
    return null;
  }
}
