// @ts-check
import { copy, find } from "./dom.js";
import { keep, kept } from "./storage.js";

/**
 * @typedef {{template: string, button: string, sends: (event: KeyboardEvent) => boolean}} Manner
 *   The field's template, the button that opened it, and the key that sends.
 */

/** @type {Manner} A question, as in the message box. */
export const ASKED = { template: "#edit-template", button: "[name=edit]", sends: (event) => event.key === "Enter" && !event.shiftKey };
/** @type {Manner} An answer has many lines. */
export const WRITTEN = { template: "#rewrite-template", button: "[name=rewrite]", sends: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) };

/** Before the message's id: what is written and neither sent nor cancelled outlasts whatever takes the field away. */
const NAME = "edit ";

/** @typedef {(text: string, close: () => void) => void | Promise<void>} Send  It closes the field when it may. */

/** A message becomes a field in its place: sent, it makes another branch; Esc and Cancel leave all as it was. */
export class Editing {
  /** The field that is open. @type {{form: HTMLElement, close: () => void} | null} */
  #open = null;

  /** @param {HTMLElement} article @param {string} text @param {Manner} manner @param {Send} send */
  begin(article, text, manner, send) {
    this.#open?.close();
    const name = article.dataset.id && NAME + article.dataset.id; // one that is just being asked has no id yet
    const remember = (/** @type {string | null} */ written) => name && keep(name, written, "sessionStorage");
    const form = copy(manner.template, ".edit");
    const field = find(form, "textarea", HTMLTextAreaElement);
    field.value = (name && kept(name, "sessionStorage")) || text;
    article.append(form);
    article.dataset.editing = "";
    const close = () => this.#end(article, form, manner.button);
    this.#open = { form, close };
    const done = () => (remember(null), close());
    const cancel = () => field.readOnly || done(); // not while it is being saved
    field.addEventListener("input", () => remember(field.value));
    form.addEventListener("submit", (event) => (event.preventDefault(), event.stopPropagation(), void submit(form, field, send, done)));
    find(form, "[name=cancel]", HTMLElement).addEventListener("click", cancel);
    field.addEventListener("keydown", (event) => pressed(event, form, manner, cancel));
    field.focus();
  }

  /** @param {HTMLElement} article @param {HTMLElement} form @param {string} button */
  #end(article, form, button) {
    const focused = form.contains(document.activeElement);
    form.remove();
    delete article.dataset.editing;
    if (this.#open?.form === form) this.#open = null;
    if (focused) find(article, button, HTMLElement).focus({ preventScroll: true });
  }
}

/** @param {KeyboardEvent} event @param {HTMLElement} form @param {Manner} manner @param {() => unknown} cancel */
function pressed(event, form, manner, cancel) {
  if (event.isComposing || event.keyCode === 229) return;
  const sends = manner.sends(event);
  if (!sends && event.key !== "Escape") return;
  event.preventDefault();
  if (sends) find(form, "button:not([name])", HTMLElement).click();
  else cancel();
}

/** @param {HTMLElement} form @param {HTMLTextAreaElement} field @param {Send} send @param {() => void} close */
async function submit(form, field, send, close) {
  if (field.readOnly) return;
  if (field.value.trim() === "") return field.focus();
  field.readOnly = true;
  form.setAttribute("aria-busy", "true");
  await send(field.value, close);
  field.readOnly = false;
  form.removeAttribute("aria-busy");
}
