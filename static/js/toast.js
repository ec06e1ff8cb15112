// @ts-check
import { find } from "./dom.js";

const NEWS_MS = 4000;

/** A sentence at the foot that leaves by itself, with one thing to do; stays while it is pointed at or focused. */
export class Toast {
  #timer = 0;
  /** @type {{ms: number, undo: (() => void) | null, gone: () => void} | null} */
  #shown = null;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.words = find(element, ".toast-words", HTMLElement);
    this.button = find(element, "button", HTMLButtonElement);
    this.button.addEventListener("click", () => this.#close("undo"));
    for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => clearTimeout(this.#timer));
    for (const event of ["pointerleave", "focusout"]) element.addEventListener(event, () => this.#wait());
  }

  /**
   * @param {string} sentence
   * @param {{ms: number, undo: (() => void) | null, gone: () => void}} shown undone by the button, or gone after `ms`
   */
  show(sentence, shown) {
    this.dismiss();
    this.#shown = shown;
    this.words.textContent = sentence;
    this.button.hidden = shown.undo === null;
    this.element.showPopover();
    this.#wait();
  }

  /** With nothing to do about it. @param {string} sentence */
  tell(sentence) {
    this.show(sentence, { ms: NEWS_MS, undo: null, gone: () => {} });
  }

  /** As if the time were over. */
  dismiss() {
    this.#close("gone");
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.#shown) this.#timer = setTimeout(() => this.dismiss(), this.#shown.ms);
  }

  /** @param {"undo" | "gone"} how */
  #close(how) {
    const shown = this.#shown;
    this.#shown = null;
    clearTimeout(this.#timer);
    if (!shown) return;
    this.element.hidePopover();
    shown[how]?.();
  }
}
