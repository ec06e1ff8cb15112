// @ts-check
import { find } from "./dom.js";
import { number } from "./words.js";

/** The room left is told from here on. */
const NEARLY_FULL = 0.9;

/** The message box, which grows with what is in it, and tells how much more it takes. */
export class PromptField {
  /** @param {HTMLFormElement} form @param {number} most in characters */
  constructor(form, most) {
    this.most = most;
    this.element = find(form, "#prompt", HTMLTextAreaElement);
    this.count = find(form, "#count", HTMLElement);
    this.element.addEventListener("input", () => this.#measure());
    this.#measure();
  }

  get value() {
    return this.element.value;
  }

  /** As if it were typed: what hears of typing hears of this too. */
  set value(value) {
    this.element.value = value;
    this.element.dispatchEvent(new Event("input"));
  }

  #measure() {
    this.#grow();
    const near = this.value.length > this.most * NEARLY_FULL;
    this.count.hidden = !near;
    if (!near) return;
    const characters = [...this.value].length;
    this.count.toggleAttribute("data-over", characters > this.most);
    this.count.textContent = `${number(characters)} / ${number(this.most)}`;
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.element.style.height = "auto";
    this.element.style.height = `${this.element.scrollHeight}px`;
  }
}
