/** Why one thing that was sent is refused, and what to do: the codes of the API in the words of the page. */
import { maybe, t } from "../i18n.js";

/**
 * What the service's own checks of a field say (pydantic), by families.
 * @type {Array<[RegExp, string]>}
 */
const FAMILIES = [
  [/^missing/, "refusal.missing"],
  [/forbidden|unexpected|^no_such/, "refusal.unknown_field"],
  [/too_long$/, "refusal.too_long"],
  [/too_short$/, "refusal.too_short"],
  [/^(greater|less)_than|^finite|multiple_of|^decimal_|_range$|_(past|future)$/, "refusal.out_of_range"],
  [/literal|enum|pattern/, "refusal.not_a_choice"],
  [/_(type|parsing|from_float|size)$|_from_|_type$|_of$/, "refusal.wrong_type"],
];

/** @param {string} code */
export function refusal(code) {
  const own = maybe(`refusal.${code}`) ?? rowFault(code);
  if (own) return own;
  const family = FAMILIES.find(([form]) => form.test(code));
  return t(family ? family[1] : "refusal.invalid");
}

/**
 * A text is refused for what also makes a row fail.
 * @param {string} code
 */
function rowFault(code) {
  const reason = maybe(`fault.${code}`);
  return reason && [reason, maybe(`cure.${code}`)].filter(Boolean).join(t("refusal.joint"));
}
