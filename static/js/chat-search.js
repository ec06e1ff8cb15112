// @ts-check
/** @import {ChatList} from "./chat-list.js" */
import { find } from "./dom.js";

const TYPING_MS = 200;

/** Searches while it is typed; the newest words win, whichever answer comes first. */
export class ChatSearch {
  #timer = 0;
  #aborter = new AbortController();

  /** @param {HTMLFormElement} form @param {ChatList} list */
  constructor(form, list) {
    this.list = list;
    this.field = find(form, "#q", HTMLInputElement);
    this.field.addEventListener("input", () => this.#typed());
    form.addEventListener("submit", (event) => (event.preventDefault(), this.#search()));
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), TYPING_MS);
  }

  async #search() {
    this.#aborter.abort();
    this.#aborter = new AbortController();
    const { signal } = this.#aborter;
    try {
      await this.list.search(this.field.value.trim(), signal);
    } catch (error) {
      if (!signal.aborted) this.list.fail(/** @type {Error} */ (error));
    }
  }
}
