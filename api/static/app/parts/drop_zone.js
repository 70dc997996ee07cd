/** A place to drop a file on, and the ordinary field of a file in it, for keyboards and fingers. */
import { fill, h, newId } from "../dom.js";
import { bytes, t } from "../i18n.js";

const ACCEPT =
  ".csv,.tsv,.tab,.txt,.json,.jsonl,.ndjson,.xlsx,.xlsm,.xls,.xlsb,.ods,.fods,.et,.html,.htm,.xml,.parquet,.arrow,.feather,.gz,.zip";

/** @param {(file: File) => unknown} take */
export function dropZone(take) {
  const id = newId("file");
  const name = h("p", { class: "file" });
  const input = h("input", { id, type: "file", accept: ACCEPT, "aria-describedby": `${id}-help` });
  input.addEventListener("click", () => (input.value = "")); // the same file again is a choice too
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
  });
  const zone = h(
    "div",
    { class: "drop" },
    h("label", { for: id }, t("drop.label")),
    input,
    h("small", { id: `${id}-help` }, t("drop.help")),
    name,
  );
  const over = (/** @type {Event} */ event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", ({ relatedTarget: entered }) => {
    if (!(entered instanceof Node && zone.contains(entered))) zone.classList.remove("over");
  });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const [file, ...others] = event.dataTransfer?.files ?? [];
    if (!file) return;
    take(file);
    if (others.length) name.append(` · ${t("drop.one")}`);
  });
  return {
    element: zone,
    chosen: (/** @type {File} */ file) => fill(name, h("strong", {}, file.name), ` · ${bytes(file.size)}`),
  };
}
