/**
 * What the server says in the page itself.
 * @type {{flower: string, max_upload_bytes: number, max_xlsx_rows: number, neutral_band: number}}
 */
export const settings = JSON.parse(document.documentElement.dataset.settings ?? "");
