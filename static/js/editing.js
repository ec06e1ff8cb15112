// @ts-check
import { copy, find } from "./dom.js";

/** A question becomes a field in its place: sent, it makes another branch; Esc and Cancel leave all as it was. */
export class Editing {
  /** @type {(() => void) | null} */
  #close = null;

  /** @param {HTMLElement} article @param {string} text @param {(prompt: string) => void} send */
  begin(article, text, send) {
    this.#close?.();
    const form = copy("#edit-template", ".edit");
    const field = find(form, "textarea", HTMLTextAreaElement);
    field.value = text;
    article.append(form);
    article.dataset.editing = "";
    this.#close = () => this.#end(article, form);
    form.addEventListener("submit", (event) => (event.preventDefault(), event.stopPropagation(), this.#send(field, send)));
    find(form, "[name=cancel]", HTMLElement).addEventListener("click", () => this.#close?.());
    field.addEventListener("keydown", (event) => this.#key(event, field, send));
    field.focus();
  }

  /** @param {KeyboardEvent} event @param {HTMLTextAreaElement} field @param {(prompt: string) => void} send */
  #key(event, field, send) {
    if (event.isComposing || event.keyCode === 229) return;
    const sends = event.key === "Enter" && !event.shiftKey;
    if (!sends && event.key !== "Escape") return;
    event.preventDefault();
    if (sends) this.#send(field, send);
    else this.#close?.();
  }

  /** @param {HTMLTextAreaElement} field @param {(prompt: string) => void} send */
  #send(field, send) {
    if (field.value.trim() === "") return field.focus();
    this.#close?.();
    send(field.value);
  }

  /** @param {HTMLElement} article @param {HTMLElement} form */
  #end(article, form) {
    const focused = form.contains(document.activeElement);
    form.remove();
    delete article.dataset.editing;
    this.#close = null;
    if (focused) find(article, "[name=edit]", HTMLElement).focus();
  }
}
