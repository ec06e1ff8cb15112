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
    if (place?.of === this.list.of) await this.#reach(place.top);
    this.list.root.querySelector(".chat-item:has([aria-current])")?.scrollIntoView({ block: "nearest" });
  }

  /** Chats that came in while the reader scrolled are asked for again; who scrolls meanwhile is let be. @param {number} top */
  async #reach(top) {
    const { root, older } = this.list;
    let at = 0;
    do {
      root.scrollTop = top;
      at = root.scrollTop;
    } while (at + 1 < top && (await older.load()) && root.scrollTop === at);
  }
}
