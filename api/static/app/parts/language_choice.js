/** In which language the texts of a job are: offered where the service chooses models by language. */
import { fill, h } from "../dom.js";
import { languageName, t } from "../i18n.js";
import { field, select } from "./field.js";
import { storedModels } from "./model_note.js";

/** Those that are offered whatever models there are; a file may name others. */
const USUAL = "ar de en es fr hi id it ja ko ms nl pl pt ru th tl tr uk vi zh".split(" ");

/**
 * @param {AbortSignal} signal
 * @param {(language: string) => unknown} chosen called with each choice; "" to detect it
 * @param {string} [before] the choice that was made earlier
 */
export function languageChoice(signal, chosen, before = "") {
  const element = h("div");
  const own = select([], { onchange: () => chosen(own.value) });

  async function offer() {
    const active = (await storedModels(signal))?.find((model) => model.active);
    const routed = languagesOf(active?.id ?? "");
    if (signal.aborted || routed.length === 0) return;
    const codes = [...new Set([...routed, ...USUAL, before])].filter((code) => code && code !== "*");
    fill(
      own,
      h("option", { value: "" }, t("languages.detect")),
      codes.map((code) => h("option", { value: code }, languageName(code))),
    );
    own.value = before;
    fill(element, field(t("languages.of_texts"), own));
  }

  offer();
  return { element, value: () => own.value };
}

/**
 * Those of routes, as `zh=one,*=other` names them; none of another model.
 * @param {string} id
 */
function languagesOf(id) {
  return id.includes("=") ? id.split(",").map((route) => route.split("=")[0]) : [];
}
