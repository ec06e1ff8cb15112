// @ts-check
import { copy, find } from "./dom.js";

/**
 * @typedef {{template: string, button: string, sends: (event: KeyboardEvent) => boolean}} Manner
 *   The field's template, the button that opened it, and the key that sends.
 */

/** @type {Manner} A question, as in the message box. */
export const ASKED = { template: "#edit-template", button: "[name=edit]", sends: (event) => event.key === "Enter" && !event.shiftKey };
/** @type {Manner} An answer has many lines. */
export const WRITTEN = { template: "#rewrite-template", button: "[name=rewrite]", sends: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) };

/** A message becomes a field in its place: sent, it makes another branch; Esc and Cancel leave all as it was. */
export class Editing {
  /** @type {(() => void) | null} */
  #close = null;

  /** @param {HTMLElement} article @param {string} text @param {Manner} manner @param {(text: string) => void} send */
  begin(article, text, manner, send) {
    this.#close?.();
    const form = copy(manner.template, ".edit");
    const field = find(form, "textarea", HTMLTextAreaElement);
    field.value = text;
    article.append(form);
    article.dataset.editing = "";
    this.#close = () => this.#end(article, form, manner.button);
    form.addEventListener("submit", (event) => (event.preventDefault(), event.stopPropagation(), this.#send(field, send)));
    find(form, "[name=cancel]", HTMLElement).addEventListener("click", () => this.#close?.());
    field.addEventListener("keydown", (event) => this.#key(event, field, manner, send));
    field.focus();
  }

  /** @param {KeyboardEvent} event @param {HTMLTextAreaElement} field @param {Manner} manner @param {(text: string) => void} send */
  #key(event, field, manner, send) {
    if (event.isComposing || event.keyCode === 229) return;
    const sends = manner.sends(event);
    if (!sends && event.key !== "Escape") return;
    event.preventDefault();
    if (sends) this.#send(field, send);
    else this.#close?.();
  }

  /** @param {HTMLTextAreaElement} field @param {(text: string) => void} send */
  #send(field, send) {
    if (field.value.trim() === "") return field.focus();
    this.#close?.();
    send(field.value);
  }

  /** @param {HTMLElement} article @param {HTMLElement} form @param {string} button */
  #end(article, form, button) {
    const focused = form.contains(document.activeElement);
    form.remove();
    delete article.dataset.editing;
    this.#close = null;
    if (focused) find(article, button, HTMLElement).focus();
  }
}
