/** What the server says in the page itself: `flower`, `max_upload_bytes`, `max_xlsx_rows`, `neutral_band`. */
export const settings = JSON.parse(document.documentElement.dataset.settings);
