/** The results as files. */
import { authorization, hasKey, NO_ANSWER, Problem, problemOf, query } from "../api.js";
import { announce, h } from "../dom.js";
import { bytes, current, t } from "../i18n.js";
import { settings } from "../settings.js";
import { noticeBoard } from "./notice.js";
import { rowsDone } from "./pace.js";

const KINDS = ["csv", "xlsx", "json", "ndjson"];

export function downloads(base, band) {
  const board = noticeBoard();
  const words = h("span", { class: "muted" });
  const large = h("p", { class: "muted" }, t("downloads.no_xlsx", { rows: settings.max_xlsx_rows }));
  const links = {};
  let include = "text";

  for (const kind of KINDS) {
    links[kind] = h(
      "a",
      {
        class: "button",
        download: "",
        onclick: (event) => {
          if (!hasKey()) return; // the browser itself takes it, however large
          event.preventDefault();
          fetched(kind);
        },
      },
      kind.toUpperCase(),
    );
  }

  /** A link cannot send a key: the file is fetched, and handed over when it is whole. */
  async function fetched(kind) {
    board.clear();
    try {
      const response = await fetch(links[kind].href, { headers: authorization() }).catch(() => {
        throw new Problem(0, NO_ANSWER);
      });
      if (!response.ok) throw problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
      const blob = await received(response);
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: nameOf(response) ?? `results.${kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      announce(t("downloads.done"));
    } catch (error) {
      board.show(error, { retry: () => fetched(kind) });
    }
    words.textContent = "";
  }

  async function received(response) {
    const pieces = [];
    let size = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { value, done } = await reader.read().catch(() => {
        throw new Problem(0, NO_ANSWER);
      });
      if (done) return new Blob(pieces, { type: response.headers.get("Content-Type") });
      pieces.push(value);
      size += value.length;
      words.textContent = t("downloads.so_far", { size: bytes(size) });
    }
  }

  function draw() {
    for (const [kind, link] of Object.entries(links)) {
      const lang = kind === "xlsx" ? current() : null;
      link.href = `${base}/results.${kind}${query({ include, neutral_band: band, lang })}`;
    }
  }

  const element = h(
    "section",
    { "aria-labelledby": "downloads-title" },
    h("h2", { id: "downloads-title" }, t("downloads.title")),
    h("p", { class: "muted" }, t("downloads.help")),
    large,
    h("div", { class: "buttons" }, Object.values(links), words),
    board.element,
  );
  return {
    element,
    update(job) {
      include = job.file?.columns?.length ? "text,columns" : "text";
      const tooMany = rowsDone(job) > settings.max_xlsx_rows;
      links.xlsx.hidden = tooMany;
      large.hidden = !tooMany;
      draw();
    },
    band(value) {
      band = value;
      draw();
    },
  };
}

/** RFC 6266: the name in UTF-8. */
function nameOf(response) {
  const found = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return found && decodeURIComponent(found[1]);
}
