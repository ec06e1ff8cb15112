// @ts-check
import { find } from "./dom.js";
import { t } from "./words.js";

/**
 * The fold with what a model thought: open while it thinks, closed once it answers, unless the reader chose otherwise, or
 * reads further up: then it stays as it is, for what they read would go from under their eyes.
 */
export class Reasoning {
  #since = 0;
  /** Whether it is to be open; a reader who has it otherwise chose so. @type {boolean | null} */
  #open = null;

  /** @param {HTMLDetailsElement} element @param {{following: boolean}} end whether its reader is at the page's end */
  constructor(element, end) {
    this.element = element;
    this.end = end;
    this.summary = find(element, "summary", HTMLElement);
  }

  /** It thinks. */
  went() {
    if (this.#since > 0) return;
    this.#since = Date.now();
    this.element.hidden = false;
    this.summary.textContent = t("Thinking");
    this.#fold(true);
  }

  /** It has thought. @param {number | null} [ms] for so long, where the server says it */
  ended(ms = this.#since > 0 ? Date.now() - this.#since : null) {
    this.#since = 0;
    if (ms === null) return;
    this.summary.textContent = ms < 1000 ? t("Thought for less than a second") : t("Thought for {number} s", { number: Math.floor(ms / 1000) });
    this.#fold(false);
  }

  get thinking() {
    return this.#since > 0;
  }

  /** @param {boolean} yes */
  #fold(yes) {
    const chosen = this.#open !== null && this.element.open !== this.#open;
    if (chosen || !this.end.following) return;
    this.element.open = this.#open = yes;
  }
}
