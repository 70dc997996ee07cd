/** Elements made by hand: whatever comes from users or the service is a text node or an attribute, never markup. */

/**
 * @param {string} tag
 * @param {Object<string, *>} [props] attributes; `on…` is a listener; null, undefined and false are left out
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Put these in the place of all children. A link, or what has an id, keeps the focus if it is there again; else what is
 * around it gets it: the keyboard does not fall back to the top of the page.
 */
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceChildren(...nodes(children));
  if (focused && !focused.isConnected) {
    const name = focused.id ? "id" : "href";
    const value = focused.getAttribute(name);
    const again = value && element.querySelector(`[${name}="${CSS.escape(value)}"]`);
    (again ?? element.closest("[tabindex]"))?.focus({ preventScroll: true });
  }
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : words(String(child))));
}

/** What turns the direction of writing. */
export const TURNS = /[\u202a-\u202e\u2066-\u2069]/;

/** Words that turn the direction turn their own alone, not what stands beside them. */
function words(text) {
  if (!TURNS.test(text)) return document.createTextNode(text);
  const apart = document.createElement("bdi");
  apart.textContent = text;
  return apart;
}

/** Told by screen readers when they are next idle. */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region.textContent !== text) region.textContent = text;
}

let lastId = 0;

/** An id for `for` and `aria-describedby`. */
export function newId(name) {
  return `${name}-${++lastId}`;
}
