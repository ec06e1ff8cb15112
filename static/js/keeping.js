// @ts-check
/** @import {Chat} from "./types.js" */
/** @import {Toast} from "./toast.js" */
import { changeChat } from "./server.js";

const UNDO_MS = 6000;
/** What each action of a chat's menu sets. */
const CHANGES = {
  pin: { pinned: true },
  unpin: { pinned: false },
  archive: { archived: true },
  unarchive: { archived: false },
};

/** Renames chats, pins them, puts them away. What puts a chat out of sight can be undone. */
export class Keeping {
  /** @param {Toast} toast @param {(chat: Chat) => void} changed */
  constructor(toast, changed) {
    this.toast = toast;
    this.changed = changed;
  }

  /** @param {Chat} chat @param {string} title */
  rename({ _id }, title) {
    return this.#change(_id, { title }, "The chat was not renamed.");
  }

  /** @param {keyof typeof CHANGES} action @param {Chat} chat as it was before */
  async set(action, { _id, title, pinned, archived }) {
    if (!(await this.#change(_id, CHANGES[action], `“${title}” was not changed.`))) return;
    if (action !== "archive" && action !== "unarchive") return;
    const before = archived ? { archived } : { pinned, archived };
    const undo = () => void this.#change(_id, before, `“${title}” was not changed back.`);
    this.toast.show(`${archived ? "Unarchived" : "Archived"} “${title}”.`, { ms: UNDO_MS, undo, gone: () => {} });
  }

  /** @param {string} id @param {object} change @param {string} failed @returns {Promise<boolean>} whether it was done */
  async #change(id, change, failed) {
    try {
      this.changed(await changeChat(id, change));
      return true;
    } catch (error) {
      this.toast.tell(`${failed} ${/** @type {Error} */ (error).message}`);
      return false;
    }
  }
}
