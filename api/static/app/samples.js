/** The beginning of a file that is enough to show how it will be read. */
import { Problem } from "./api.js";

const SAMPLE_BYTES = 256 * 1024;
const GZIP = [0x1f, 0x8b];
// Workbooks new and old, Parquet, HTML and XML: a part of them cannot be looked at; nor of a JSON document.
const WHOLES = [[0x50, 0x4b, 0x03, 0x04], [0xd0, 0xcf, 0x11, 0xe0], [0x50, 0x41, 0x52, 0x31], [0x3c]];
const WHOLE_NAMES = /\.(json|xls|html?|xml)(\.gz)?$/i;

/**
 * The first bytes. Raises Problem for a file that cannot be read: changed or gone since it was chosen, or a folder.
 * @param {File} file
 */
export async function beginning(file) {
  try {
    return new Uint8Array(await file.slice(0, 4).arrayBuffer());
  } catch {
    throw new Problem(0, { code: "file_unreadable" });
  }
}

/**
 * What to upload for a look at the file. `whole`: it is the file itself, where a part of it says nothing; a job is
 * then made of what was uploaded, and of other files the file is sent once it is clear how.
 * @param {File} file
 * @returns {Promise<{content: Blob, name: string, whole: boolean}>}
 * @throws {Problem}
 */
export async function sampleOf(file) {
  const start = await beginning(file);
  const is = (/** @type {number[]} */ signature) => signature.every((byte, at) => start[at] === byte);
  const whole = WHOLES.some(is) || WHOLE_NAMES.test(file.name) || file.size <= SAMPLE_BYTES;
  if (whole) return { content: file, name: file.name, whole };
  if (!is(GZIP)) return part(file.slice(0, SAMPLE_BYTES), file.name);
  const unpacked = file.stream().pipeThrough(new DecompressionStream("gzip"));
  return part(new Blob(await firstBytes(unpacked)), file.name.replace(/\.gz$/i, ""));
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream */
async function firstBytes(stream) {
  const reader = stream.getReader();
  const pieces = [];
  try {
    for (let size = 0; size < SAMPLE_BYTES; ) {
      const { value, done } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
    }
  } catch {
    // what is damaged further on, the service finds
  }
  reader.cancel().catch(() => {});
  return pieces;
}

/**
 * Up to the end of its last line, so that no character is cut in two; UTF-16 is known by its zeros.
 * @param {Blob} blob
 * @param {string} name
 */
async function part(blob, name) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const wide = bytes.subarray(0, 1024).includes(0);
  const end = wide ? bytes.length & ~1 : bytes.lastIndexOf(0x0a) + 1 || bytes.length;
  return { content: new Blob([bytes.subarray(0, end)]), name, whole: false };
}
