/** Lanes, workers, memory and models at this moment. */
import { get, poll } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, duration, number, percent, t, time } from "../i18n.js";
import { modelTable } from "../parts/model_table.js";
import { box, noticeBoard } from "../parts/notice.js";
import { pair, table, tablePlace } from "../parts/table.js";
import { settings } from "../settings.js";

const POLL_MS = 2000;

/** @param {import("../main.js").Visit} visit */
export function page({ signal }) {
  const board = noticeBoard();
  const numbers = h("dl", { class: "numbers" });
  const lanes = tablePlace(t("cluster.lanes"));
  const workers = tablePlace(t("cluster.workers"));
  const nobody = box(t("cluster.no_workers"));
  const models = modelTable(signal);
  let wanted = location.hash.slice(1);

  async function watch() {
    try {
      await poll(
        async () => {
          /** @type {[ClusterDocument, void]} */
          const [cluster] = await Promise.all([get("/api/v1/cluster", signal), models.read()]);
          board.clear();
          draw(cluster);
          if (wanted) document.getElementById(wanted)?.scrollIntoView(); // not before: what is above has its height now
          wanted = "";
        },
        POLL_MS,
        signal,
      );
    } catch (error) {
      if (!signal.aborted) board.show(error, { retry: watch });
    }
  }

  /** @param {ClusterDocument} cluster */
  function draw({ lanes: all, workers: live, redis, cache, jobs, rows_waiting: waiting }) {
    const bulk = all.find(({ lane }) => lane === "bulk");
    const speed = bulk?.texts_per_second ?? null;
    const asked = cache.hits + cache.misses;
    const limit = redis.max_memory_bytes;
    fill(
      numbers,
      pair(t("cluster.waiting"), number(waiting)),
      pair(t("cluster.speed"), speed === null ? "–" : number(speed)),
      pair(t("cluster.eta"), speed ? duration(waiting / speed) : "–"),
      pair(
        t("cluster.redis"),
        limit ? `${bytes(redis.used_memory_bytes)} / ${bytes(limit)}` : bytes(redis.used_memory_bytes),
      ),
      pair(t("cluster.cache"), asked ? percent(cache.hits / asked) : "–"),
      pair(t("cluster.jobs"), number(jobs.all)),
    );
    fill(
      lanes,
      listed(
        "cluster.lanes",
        ["lane", "queue", "in_flight", "age", "children", "speed"],
        all.map((lane) => [
          t(`lane.${lane.lane}`),
          number(lane.waiting),
          number(lane.in_flight),
          lane.waiting ? duration(lane.oldest_waiting_s) : "–",
          t("cluster.busy", { busy: lane.busy, children: lane.children }),
          lane.texts_per_second === null ? "–" : number(lane.texts_per_second),
        ]),
      ),
    );
    if (live.length === 0) {
      if (!nobody.isConnected) fill(workers, nobody); // announced once, not at each poll
    } else
      fill(
        workers,
        listed(
          "cluster.workers",
          ["worker", "lane", "children", "memory", "model", "since"],
          live.map((worker) => [
            worker.name,
            t(`lane.${worker.lane}`),
            t("cluster.busy", { busy: worker.busy, children: worker.children }),
            worker.memory_bytes ? bytes(worker.memory_bytes) : "–",
            worker.degraded ? `${worker.model} (${t("degraded")})` : worker.model,
            time(worker.started_at),
          ]),
        ),
      );
  }

  watch();
  return [
    h("h1", {}, t("cluster.title")),
    h(
      "p",
      { class: "muted" },
      t("cluster.intro"),
      " ",
      settings.flower
        ? h("a", { href: settings.flower, target: "_blank", rel: "noopener" }, t("cluster.flower"))
        : null,
    ),
    board.element,
    numbers,
    h("section", {}, h("h2", {}, t("cluster.lanes")), lanes),
    h("section", {}, h("h2", {}, t("cluster.workers")), workers),
    h("section", {}, h("h2", { id: "models" }, t("models.title")), models.element),
  ];
}

/**
 * @param {string} title
 * @param {string[]} names of `cluster.col.…`
 * @param {import("../dom.js").Child[][]} lines
 */
function listed(title, names, lines) {
  return table(
    names.map((name) => t(`cluster.col.${name}`)),
    lines,
    { class: "compact", "aria-label": t(title) },
  );
}
