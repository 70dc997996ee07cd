/** A banner while the service is away: it says when it is asked again, and lets one ask at once. */
import { events } from "../api.js";
import { announce, h } from "../dom.js";
import { t } from "../i18n.js";

export function connectionBanner() {
  const words = h("span", {});
  const now = h("button", { type: "button", class: "small", onclick: () => events.dispatchEvent(new Event("try")) });
  const banner = h("div", { class: "banner", hidden: true }, words, now);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let until = 0;

  const count = () => {
    const s = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    words.textContent = `${t(navigator.onLine ? "away.service" : "away.offline")} ${t("away.next", { s })}`;
    now.textContent = t("away.now");
  };
  events.addEventListener("away", (event) => {
    const { detail: seconds } = /** @type {CustomEvent<number>} */ (event);
    if (banner.hidden) announce(t(navigator.onLine ? "away.service" : "away.offline"));
    until = Date.now() + seconds * 1000;
    clearInterval(timer);
    timer = setInterval(count, 250);
    banner.hidden = false;
    count();
  });
  const hide = () => {
    clearInterval(timer);
    banner.hidden = true;
  };
  events.addEventListener("rest", hide);
  events.addEventListener("back", () => {
    if (banner.hidden) return;
    hide();
    announce(t("away.back"));
  });
  return banner;
}
