// @ts-check
/** @import {Chat} from "./types.js" */

/**
 * @typedef {{what: "asked" | "moved" | "changed" | "deleted" | "cleared", chat: Chat}} News  What was done to a chat (moved: another branch of it is
 *   shown), and how it is now. Cleared: all were deleted, and it is none.
 */

/** The tabs of one browser tell each other what is done in them. */
export class Tabs {
  #channel = "BroadcastChannel" in window ? new BroadcastChannel("chats") : null;

  /** @param {(news: News) => void} heard */
  constructor(heard) {
    this.#channel?.addEventListener("message", ({ data }) => heard(data));
  }

  /** @param {News["what"]} what @param {Chat} chat */
  tell(what, { _id, title, updatedAt, pinned, archived }) {
    this.#channel?.postMessage({ what, chat: { _id, title, updatedAt, pinned, archived } });
  }
}
