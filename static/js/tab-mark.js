// @ts-check
import { find } from "./dom.js";

/** @typedef {"streaming" | "done"} State */
const MARKS = { streaming: "● ", done: "✓ " };

/**
 * What the browser's tab tells of the answer: its icon while one is being written, and also its title where nobody looks at
 * the page; that one is done is told there until somebody does.
 */
export class TabMark {
  /** @type {State | null} */
  #state = null;
  /** The page's title, and with the mark, as it was written last. */
  #title = "";
  #marked = "";

  constructor() {
    this.icon = find(document, "link[rel=icon]", HTMLLinkElement);
    this.usual = this.icon.href;
    document.addEventListener("visibilitychange", () => this.#draw());
    new MutationObserver(() => this.#draw()).observe(find(document, "title", HTMLTitleElement), { childList: true });
  }

  /** @param {boolean} yes an answer is being written */
  set streaming(yes) {
    this.#state = yes ? "streaming" : "done";
    this.#draw();
  }

  #draw() {
    if (this.#state === "done" && !document.hidden) this.#state = null;
    const mark = this.#state && document.hidden ? MARKS[this.#state] : "";
    if (document.title !== this.#marked) this.#title = document.title; // it was given another
    this.#marked = mark + this.#title;
    if (document.title !== this.#marked) document.title = this.#marked;
    const icon = (this.#state && this.icon.dataset[this.#state]) || this.usual;
    if (this.icon.href !== icon) this.icon.href = icon;
  }
}
