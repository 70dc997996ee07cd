/** Elements made by hand: whatever comes from users or the service is a text node or an attribute, never markup. */

/**
 * null, undefined and false are left out
 * @typedef {Node | string | number | null | undefined | false | Child[]} Child
 */

/** @typedef {HTMLElementEventMap} Events */

/** @typedef {{[Name in keyof Events as `on${Name}`]?: (event: Events[Name]) => void}} Listeners */

/** @typedef {Listeners & {[attribute: string]: unknown}} Props attributes; null, undefined and false are left out */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Put these in the place of all children. A link, or what has an id, keeps the focus if it is there again; else what is
 * around it gets it: the keyboard does not fall back to the top of the page.
 * @template {HTMLElement} Parent
 * @param {Parent} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceChildren(...nodes(children));
  if (focused && !focused.isConnected) {
    const name = focused.id ? "id" : "href";
    const value = focused.getAttribute(name);
    const again = value && element.querySelector(`[${name}="${CSS.escape(value)}"]`);
    /** @type {HTMLElement | null} */ (again || element.closest("[tabindex]"))?.focus({ preventScroll: true });
  }
  return element;
}

/**
 * @param {Child[]} children
 * @returns {Node[]}
 */
function nodes(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return nodes(child);
    return child instanceof Node ? child : words(String(child));
  });
}

/** What turns the direction of writing. */
export const TURNS = /[\u202a-\u202e\u2066-\u2069]/;

/**
 * Words that turn the direction turn their own alone, not what stands beside them.
 * @param {string} text
 */
function words(text) {
  if (!TURNS.test(text)) return document.createTextNode(text);
  const apart = document.createElement("bdi");
  apart.textContent = text;
  return apart;
}

/**
 * Told by screen readers when they are next idle.
 * @param {string} text
 */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region && region.textContent !== text) region.textContent = text;
}

let lastId = 0;

/**
 * An id for `for` and `aria-describedby`.
 * @param {string} name
 */
export function newId(name) {
  return `${name}-${++lastId}`;
}
