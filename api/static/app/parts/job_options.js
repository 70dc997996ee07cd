/** How a job is to run. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { aspectChoice } from "./aspect_choice.js";
import { bandSlider } from "./band.js";
import { field, select } from "./field.js";
import { languageChoice } from "./language_choice.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @param {{hasColumns: boolean, signal: AbortSignal}} options */
export function jobOptions({ hasColumns, signal }) {
  const model = select([["", t("options.active_model")]]);
  const priority = select(["high", "normal", "low"].map((name) => [name, t(`priority.${name}`)]));
  priority.value = "normal";
  const longTexts = select(
    ["", "truncate", "head_tail", "windows"].map((name) => [name, t(`long_texts.${name || "default"}`)]),
  );
  const from = h("input", { type: "time" });
  const to = h("input", { type: "time" });
  const zone = h("input", { type: "text", value: ZONE, list: "zones", autocomplete: "off" });
  const band = bandSlider(() => {
    bandTouched = true;
  });
  const keep = h("input", { type: "checkbox", checked: true });
  const aspects = aspectChoice(signal, () => {
    keep.checked = true; // complaints are of a shop, a product: without columns one does not see of which
  });
  const language = languageChoice(signal, () => {});
  let bandTouched = false;

  listModels(model, signal);

  function values() {
    /** @type {Record<string, unknown>} options of a job */
    const found = { priority: priority.value };
    if (model.value) found.model = model.value;
    if (language.value()) found.language = language.value();
    if (aspects.value()) found.aspects = aspects.value();
    if (longTexts.value) found.long_texts = longTexts.value;
    if (from.value || to.value) Object.assign(found, { window: `${from.value}-${to.value}`, time_zone: zone.value });
    if (bandTouched) found.neutral_band = band.value();
    if (hasColumns) found.keep_columns = keep.checked;
    return found;
  }

  const element = h(
    "section",
    { "aria-labelledby": "options-title" },
    h("h2", { id: "options-title" }, t("options.title")),
    h(
      "div",
      { class: "fields" },
      field(t("options.model"), model),
      field(t("options.priority"), priority),
      field(t("options.long_texts"), longTexts),
      language.element,
    ),
    aspects.element,
    h(
      "fieldset",
      {},
      h("legend", {}, t("options.window")),
      h(
        "div",
        { class: "fields" },
        field(t("options.from"), from),
        field(t("options.to"), to),
        field(t("options.zone"), zone),
      ),
      h("small", {}, t("options.window_help")),
      h(
        "datalist",
        { id: "zones" },
        Intl.supportedValuesOf("timeZone").map((name) => h("option", { value: name })),
      ),
    ),
    band.element,
    hasColumns && h("label", { class: "check" }, keep, t("options.keep_columns")),
  );
  /** @type {Record<string, string>} */
  const names = {
    aspects: "options.aspects",
    language: "languages.of_texts",
    model: "options.model",
    window: "options.window",
    time_zone: "options.zone",
    priority: "options.priority",
    neutral_band: "band.label",
  };
  const place = (/** @type {ProblemError} */ { pointer }) => {
    const words = names[(pointer ?? "").slice(1)];
    return words ? t(words) : null;
  };
  return { element, values, place };
}

/**
 * @param {HTMLSelectElement} into
 * @param {AbortSignal} signal
 */
async function listModels(into, signal) {
  try {
    /** @type {ModelList} */
    const { data } = await get("/api/v1/models", signal);
    for (const { id, version, active } of data) {
      into.append(
        h("option", { value: `${id}@${version}` }, `${id}@${version}${active ? ` (${t("models.active")})` : ""}`),
      );
    }
  } catch {
    // the active one can be had in any case
  }
}
