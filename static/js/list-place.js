// @ts-check
/** @import {ChatList} from "./chat-list.js" */
import { keep, kept } from "./storage.js";

const NAME = "list";

/** @typedef {{of: string, top: number}} Place of which list, and its pixels that are scrolled away */

/** Each chat is a page of its own: the list begins in the next one where it was left in this tab, and shows the open chat. */
export class ListPlace {
  /** @param {ChatList} list */
  constructor(list) {
    this.list = list;
    const { root } = list;
    const seen = new ResizeObserver(() => {
      if (root.clientHeight === 0) return; // a drawer that is closed has no place
      seen.disconnect();
      void this.#takeUp();
    });
    seen.observe(root); // it tells before the list is painted
    addEventListener("pagehide", () => root.clientHeight > 0 && keep(NAME, JSON.stringify({ of: list.of, top: root.scrollTop }), "sessionStorage"));
  }

  async #takeUp() {
    const place = /** @type {Place | null} */ (JSON.parse(kept(NAME, "sessionStorage") ?? "null"));
    if (place?.of === this.list.of && !(await this.#reached(place.top))) return;
    this.list.root.querySelector(".chat-item:has([aria-current])")?.scrollIntoView({ block: "nearest" });
  }

  /** Chats that came in while the reader scrolled are asked for again. @param {number} top @returns {Promise<boolean>} false for a reader who scrolls meanwhile, or searches */
  async #reached(top) {
    const { root, older, of } = this.list;
    let at = 0;
    do {
      root.scrollTop = top;
      at = root.scrollTop;
      if (at + 1 >= top || !(await older.load())) return true;
    } while (root.scrollTop === at && this.list.of === of);
    return false;
  }
}
