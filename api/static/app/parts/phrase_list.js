/** The phrases that set the rows of the filters apart from others. */
import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { number, percent, t } from "../i18n.js";
import { AGAINST } from "../job_view.js";
import { asking, section } from "./asking.js";
import { field, select } from "./field.js";
import { badge, labelName } from "./prediction.js";
import { table, tablePlace } from "./table.js";
import { shareWords, toRows } from "./to_rows.js";

export const MOST = 12;
const USUAL = { label: "negative" }; // of whose rows phrases are shown where no filter is chosen

/** @import { Child } from "../dom.js" */
/** @import { JobView } from "../job_view.js" */

/**
 * @param {string} base address of the job
 * @param {AbortSignal} signal
 * @param {JobView} view
 */
export function phraseList(base, signal, view) {
  const against = select(
    AGAINST.map((name) => [name, t(`phrases.against.${name}`)]),
    { onchange: () => view.set({ against: against.value === AGAINST[0] ? null : against.value }) },
  );
  const said = h("p", { class: "muted" });
  const place = tablePlace(t("phrases.title"));
  const head = h("div", {}, said, field(t("phrases.against"), against));
  const part = section("phrases-title", t("phrases.title"), head, place);
  /** @type {Phrases | null} */
  let shown = null;
  /** @type {JobDocument} */
  let job;
  let wanted = false; // to find them is work for the service: of a job without aspects they are asked for
  const ask = asking(part, signal, (/** @type {Phrases} */ answer) => {
    shown = answer;
    drawTable();
  });

  /** The filter of the view; where there is none, the complaints. */
  function filter() {
    return view.filtered ? view.filter : { ...view.filter, ...USUAL };
  }

  function drawTable() {
    if (!shown) return;
    const { here, against: others, data } = shown;
    const sampled = here.looked_at < here.rows || others.looked_at < others.rows;
    fill(
      said,
      t("phrases.compared", { here: here.rows, others: others.rows }),
      !view.filtered && [" ", t("phrases.usual", { label: labelName(USUAL.label) })],
      sampled && [" ", t("phrases.sampled", { here: here.looked_at, others: others.looked_at })],
    );
    const headings = ["phrase", "rows", "others", "negative", "examples"].map((name) => t(`phrases.${name}`));
    fill(
      place,
      data.length
        ? table(headings, data.map(line), { class: "stacks" })
        : h("p", { class: "muted" }, t("phrases.none")),
    );
  }

  /**
   * Its cells.
   * @param {PhraseDocument} found
   * @returns {Child[]}
   */
  function line({
    phrase,
    rows,
    share,
    rows_against: others,
    share_against: shareOfOthers,
    negative,
    forms,
    examples,
  }) {
    const changes = { ...(view.filtered ? {} : USUAL), contains: phrase };
    return [
      [
        h("span", { lang: "zh" }, toRows(view, changes, phrase)),
        forms.length > 0 && h("small", { lang: "zh" }, forms.map((form) => form.phrase).join("、")),
      ],
      [toRows(view, changes, number(rows)), " ", h("small", {}, percent(share.value))],
      [number(others), " ", h("small", {}, percent(shareOfOthers.value))],
      negative ? shareWords(negative) : "–",
      h(
        "details",
        {},
        h("summary", {}, t("phrases.show"), h("span", { class: "unseen" }, ` ${phrase}`)),
        h("ul", { class: "quotes" }, examples.map(quote)),
      ),
    ];
  }

  function find() {
    wanted = true;
    part.heading.focus();
    draw(job);
  }

  /** @param {JobDocument} fresh */
  function draw(fresh) {
    job = fresh;
    against.value = view.get("against") ?? AGAINST[0];
    if (!wanted && !job.options.aspects && view.get("against") === null) {
      fill(place, h("button", { type: "button", class: "small", onclick: find }, t("phrases.find")));
      return;
    }
    drawTable(); // its links keep what else is chosen
    ask(`${base}/phrases${query({ ...filter(), against: view.get("against"), limit: MOST })}`, job);
  }

  return {
    element: part.element,
    draw,
  };
}

/** @param {PhraseExample} example */
function quote({ index, label, text }) {
  return h(
    "li",
    {},
    h("span", { lang: "zh" }, text),
    " ",
    badge(label),
    " ",
    h("small", {}, t("row.number", { number: index + 1 })),
  );
}
