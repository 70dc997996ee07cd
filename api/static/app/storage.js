/** Storage of the browser that may be forbidden or full: then nothing is kept, and nothing breaks. */

export const kept = {
  /**
   * @param {() => Storage} store
   * @param {string} name
   */
  get(store, name) {
    try {
      return store().getItem(name);
    } catch {
      return null;
    }
  },
  /**
   * False when it could not be kept.
   * @param {() => Storage} store
   * @param {string} name
   * @param {string | null} value null: it is removed
   */
  set(store, name, value) {
    try {
      if (value === null) store().removeItem(name);
      else store().setItem(name, value);
      return true;
    } catch {
      return false;
    }
  },
};
export const forGood = () => window.localStorage;
export const forSession = () => window.sessionStorage;
