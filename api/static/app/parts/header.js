/** The line on top: where to go, in which language and in which light. */
import { h } from "../dom.js";
import { choose, current, LANGUAGES, t } from "../i18n.js";
import { forGood, kept } from "../storage.js";

const PAGES = { "/": "nav.analyse", "/bulk": "nav.bulk", "/jobs": "nav.jobs", "/cluster": "nav.cluster" };
const THEMES = ["", "light", "dark"]; // "" is that of the system

/**
 * @param {string} path of the page that is shown
 * @param {() => unknown} redraw called when the language has changed
 */
export function header(path, redraw) {
  const links = Object.entries(PAGES).map(([to, words]) => {
    const here = to === path || (to === "/jobs" && path.startsWith("/jobs/"));
    return h("li", {}, h("a", { href: to, "aria-current": here && "page" }, t(words)));
  });
  return h(
    "header",
    {},
    h(
      "a",
      { href: "/", class: "brand", "aria-label": "sentiq" },
      h("img", { src: "/static/icon.svg", alt: "" }),
      "sentiq",
    ),
    h("nav", { "aria-label": t("nav.label") }, h("ul", {}, links)),
    h("div", { class: "choices" }, languages(redraw), themes()),
  );
}

/** @param {() => unknown} redraw */
function languages(redraw) {
  const change = async () => {
    await choose(picker.value).catch(() => {}); // not without a connection
    redraw();
  };
  const picker = h(
    "select",
    { id: "language", "aria-label": t("language"), onchange: change },
    Object.entries(LANGUAGES).map(([name, words]) => h("option", { value: name, selected: name === current() }, words)),
  );
  return picker;
}

function themes() {
  const chosen = document.documentElement.dataset.theme ?? "";
  const change = () => {
    const theme = picker.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    kept.set(forGood, "sentiq.theme", theme || null);
    dispatchEvent(new Event("themechange"));
  };
  const picker = h(
    "select",
    { id: "theme", "aria-label": t("theme"), onchange: change },
    THEMES.map((name) => h("option", { value: name, selected: name === chosen }, t(`theme.${name || "system"}`))),
  );
  return picker;
}
