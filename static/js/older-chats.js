// @ts-check
/** @import {ChatPage} from "./types.js" */
import { find } from "./dom.js";

/** So far before the list's end older chats are asked for. */
const AHEAD = "0px 0px 800px 0px";

/** What comes behind the list's end: asked for as the reader gets there. */
export class OlderChats {
  /** @type {Promise<boolean> | null} */
  #loading = null;

  /**
   * @param {HTMLElement} root with the cursor of the next part, where there is one
   * @param {(before: string) => Promise<ChatPage | null>} take puts the part into the list; null where another list is shown meanwhile
   */
  constructor(root, take) {
    this.root = root;
    this.take = take;
    this.button = find(root, "#older", HTMLButtonElement);
    this.button.addEventListener("click", () => void this.load());
    this.watch = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && void this.load(), { root, rootMargin: AHEAD });
    this.watch.observe(this.button);
  }

  /** The list now ends elsewhere. @param {string | null} before */
  lead(before) {
    this.root.dataset.before = before ?? "";
    this.button.hidden = !before;
    this.watch.unobserve(this.button); // observed anew it tells of itself, also where it is still in view
    this.watch.observe(this.button);
  }

  /** @returns {Promise<boolean>} whether there was a part, and it came */
  load() {
    const { before } = this.root.dataset;
    if (!before) return Promise.resolve(false);
    return (this.#loading ??= this.#next(before).finally(() => (this.#loading = null)));
  }

  /** @param {string} before */
  async #next(before) {
    try {
      const part = await this.take(before);
      this.lead(part ? part.before : this.root.dataset.before || null);
      return true;
    } catch {
      this.button.hidden = false;
      return false;
    }
  }
}
