/** The beginning of a file that is enough to show how it will be read. */
import { Problem } from "./api.js";

const SAMPLE_BYTES = 256 * 1024;
const SIGNATURES = { gzip: [0x1f, 0x8b], zip: [0x50, 0x4b, 0x03, 0x04] };

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
 * What to upload for a look at the file. `whole`: it is the file itself, as a workbook cannot be looked at in part; a
 * job is then made of what was uploaded, and of other files the file is sent once it is clear how.
 * @param {File} file
 * @returns {Promise<{content: Blob, name: string, whole: boolean}>}
 * @throws {Problem}
 */
export async function sampleOf(file) {
  const start = await beginning(file);
  const is = (/** @type {number[]} */ signature) => signature.every((byte, at) => start[at] === byte);
  if (is(SIGNATURES.zip) || file.size <= SAMPLE_BYTES) return { content: file, name: file.name, whole: true };
  if (!is(SIGNATURES.gzip)) return part(file.slice(0, SAMPLE_BYTES), file.name);
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
