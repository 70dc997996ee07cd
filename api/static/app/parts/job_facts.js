/** What is known of a job beside its results. */
import { fill, h } from "../dom.js";
import { t, time } from "../i18n.js";
import { pair } from "./table.js";

export function jobFacts() {
  const list = h("dl", { class: "facts" });
  const element = h("details", {}, h("summary", {}, t("facts.title")), list);
  return {
    element,
    update(job) {
      const { options, file, model } = job;
      const times = ["created_at", "started_at", "ended_at", "scheduled_for", "expires_at"].filter((name) => job[name]);
      fill(
        list,
        [
          ["facts.id", job.id],
          ["facts.lane", t(`lane.${job.lane}`)],
          model.id && ["facts.model", [model.id, model.version].filter(Boolean).join("@")],
          ...times.map((name) => [`facts.${name}`, time(job[name])]),
          ["options.priority", t(`priority.${options.priority}`)],
          options.window && ["options.window", `${options.window} ${options.time_zone}`],
          ["options.long_texts", t(`long_texts.${options.long_texts}`)],
          file && [
            "facts.file",
            [file.name, file.format, file.compression, file.encoding, file.sheet].filter(Boolean).join(" · "),
          ],
          file?.text_column && ["preview.text_column", file.text_column],
          file?.id_column && ["preview.id_column", file.id_column],
        ]
          .filter(Boolean)
          .map(([words, value]) => pair(t(words), value)),
      );
    },
  };
}
