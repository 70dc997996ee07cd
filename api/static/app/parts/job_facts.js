/** What is known of a job beside its results. */
import { fill, h } from "../dom.js";
import { languageName, t, time } from "../i18n.js";
import { pair } from "./table.js";

/** @type {Array<"created_at" | "started_at" | "ended_at" | "scheduled_for" | "expires_at">} */
const TIMES = ["created_at", "started_at", "ended_at", "scheduled_for", "expires_at"];

export function jobFacts() {
  const list = h("dl", { class: "facts" });
  const element = h("details", {}, h("summary", {}, t("facts.title")), list);
  return {
    element,
    /** @param {JobDocument} job */
    update(job) {
      const { options, file, model } = job;
      const read = file && [file.name, file.format, file.compression, file.encoding, file.sheet];
      /** @type {Array<[string, string | null | undefined]>} those without a value are left out */
      const facts = [
        ["facts.id", job.id],
        ["facts.lane", t(`lane.${job.lane}`)],
        ["facts.model", model.id && [model.id, model.version].filter(Boolean).join("@")],
        ...TIMES.map(
          (name) => /** @type {[string, string | null]} */ ([`facts.${name}`, job[name] && time(job[name])]),
        ),
        ["options.priority", t(`priority.${options.priority}`)],
        ["options.window", options.window && `${options.window} ${options.time_zone}`],
        ["options.long_texts", t(`long_texts.${options.long_texts}`)],
        ["options.aspects", options.aspects],
        ["languages.of_texts", options.language && languageName(options.language)],
        ["facts.file", read?.filter(Boolean).join(" · ")],
        ["preview.text_column", file?.text_column],
        ["preview.id_column", file?.id_column],
        ["preview.label_column", file?.label_column],
        ["preview.date_column", file?.date_column],
        ["preview.language_column", file?.language_column],
      ];
      fill(
        list,
        facts.map(([words, value]) => value && pair(t(words), value)),
      );
    },
  };
}
