/** A button whose act cannot be undone asks first, in its own place. */
import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * @param {string} words
 * @param {string} question
 * @param {() => unknown} act
 * @param {string} [className]
 */
export function confirmed(words, question, act, className = "small secondary") {
  const group = h("span", { class: "confirm" });
  const first = h("button", { type: "button", class: className, onclick: ask }, words);
  const back = () => {
    group.replaceChildren(first);
    first.focus();
  };
  const agreed = () => {
    back();
    act();
  };

  function ask() {
    const yes = h("button", { type: "button", class: "small danger", onclick: agreed }, t("confirm.yes"));
    const no = h("button", { type: "button", class: "small secondary", onclick: back }, t("confirm.no"));
    const choice = h("span", { role: "group", "aria-label": question }, h("span", {}, question), yes, no);
    choice.addEventListener("keydown", (event) => {
      if (event.key === "Escape") back();
      // A key that is held down is not an answer to the question.
      if (event.repeat && event.key === "Enter") event.preventDefault();
    });
    group.replaceChildren(choice);
    yes.focus();
  }

  group.append(first);
  return group;
}
