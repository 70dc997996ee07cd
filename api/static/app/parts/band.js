/** The slider of the neutral band. */
import { h, newId } from "../dom.js";
import { number, t } from "../i18n.js";
import { settings } from "../settings.js";

/**
 * @param {(band: number) => unknown} changed called with the band at each move
 * @param {number} [start]
 */
export function bandSlider(changed, start = settings.neutral_band) {
  const id = newId("band");
  const output = h("output", { for: id });
  let band = start; // the exact value, until the slider is moved
  const tell = () => {
    output.textContent = band
      ? t("band.value", { low: number(0.5 - band, 2), high: number(0.5 + band, 2) })
      : t("band.off");
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const input = h("input", {
    id,
    type: "range",
    min: "0",
    max: "0.5",
    step: "0.01",
    value: String(start),
    "aria-describedby": `${id}-help`,
    oninput: () => {
      band = Number(input.value);
      tell();
      changed(band);
    },
  });
  tell();
  const element = h(
    "div",
    { class: "band" },
    h("label", { for: id }, t("band.label"), " ", output),
    input,
    h("small", { id: `${id}-help` }, t("band.help")),
  );
  const show = (/** @type {number} */ value) => {
    if (value === band) return;
    band = value;
    input.value = String(value);
    tell();
  };
  return { element, value: () => band, show };
}
