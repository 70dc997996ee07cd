/** The page begins here: the frame around every page, and which page an address shows. */
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { connectionBanner } from "./parts/connection.js";
import { header } from "./parts/header.js";
import { keyDialog } from "./parts/key_dialog.js";
import { notice } from "./parts/notice.js";

/**
 * Addresses and their pages: modules with `page({id, signal, go, follow})`, which returns elements. A page whose address
 * says more than its path calls `follow` with what to do when that changes.
 * @typedef {object} Visit
 * @property {string} id of the job, "" on other pages
 * @property {AbortSignal} signal ends what the page still does
 * @property {(path: string) => unknown} go
 * @property {(act: () => unknown) => unknown} follow
 * @typedef {[RegExp, () => Promise<{page: (visit: Visit) => import("./dom.js").Child}>]} Route
 * @type {Route[]}
 */
const ROUTES = [
  [/^\/$/, () => import("./pages/analyse.js")],
  [/^\/bulk$/, () => import("./pages/bulk.js")],
  [/^\/jobs$/, () => import("./pages/jobs.js")],
  [/^\/jobs\/([^/]+)$/, () => import("./pages/job.js")],
  [/^\/cluster$/, () => import("./pages/cluster.js")],
];

const main = h("main", { id: "content", tabindex: "-1" });
const top = h("div");
const foot = h("footer");
const skip = h("a", { class: "skip", href: "#content" });
let leave = new AbortController();
let shown = ""; // the path of the page
/** @type {(() => unknown) | null} called instead of drawing the page again when the rest of its address changes */
let followed = null;

/** Show what the address names. What the page before still does is ended by its signal. */
async function show({ focus = true } = {}) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  followed = null;
  shown = location.pathname;
  const path = location.pathname.replace(/(.)\/$/, "$1");
  drawFrame(path);
  const route = ROUTES.find(([form]) => form.test(path));
  try {
    const content = route ? await pageOf(route, path, signal) : missing();
    if (signal.aborted) return;
    fill(main, content);
  } catch (error) {
    if (signal.aborted) return;
    fill(main, h("h1", {}, "sentiq"), notice(error, { retry: () => show() }));
  }
  const heading = /** @type {HTMLElement} */ (main.querySelector("h1"));
  document.title = `${heading.textContent} · sentiq`;
  if (focus) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/**
 * @param {Route} route
 * @param {string} path
 * @param {AbortSignal} signal
 */
async function pageOf([form, load], path, signal) {
  const { page } = await load();
  const id = form.exec(path)?.[1] ?? "";
  return page({ id, signal, go, follow: (act) => (followed = act) });
}

function missing() {
  return [h("h1", {}, t("missing.title")), h("p", {}, t("missing.text"))];
}

/**
 * Header and footer, in the language chosen.
 * @param {string} path
 */
function drawFrame(path) {
  fill(
    top,
    header(path, () => {
      show({ focus: false });
      document.getElementById("language")?.focus();
    }),
  );
  fill(skip, t("skip"));
  fill(foot, h("a", { href: "/openapi/swagger" }, t("footer.api")));
}

/**
 * Go to another address of ours.
 * @param {string} path
 */
function go(path) {
  history.pushState(null, "", path);
  return arrive();
}

function arrive() {
  return followed && location.pathname === shown ? followed() : show();
}

addEventListener("popstate", arrive);
// A file that is dropped beside its place would be opened instead of the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
addEventListener("click", (event) => {
  /** @type {HTMLAnchorElement | null | false} */
  const link = event.target instanceof Element && event.target.closest("a[href]");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link === skip) {
    event.preventDefault(); // another address would draw the page again
    main.focus();
    return;
  }
  if (!ROUTES.some(([form]) => form.test(link.pathname))) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
});

document.body.replaceChildren(
  skip,
  top,
  connectionBanner(),
  main,
  foot,
  h("p", { id: "announcer", role: "status", "aria-live": "polite", class: "unseen" }),
  keyDialog(),
);
// The other pages follow when this one is there: then they can be shown whatever becomes of the network.
show({ focus: false }).then(() => Promise.allSettled(ROUTES.map(([, load]) => load())));
