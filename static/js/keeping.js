// @ts-check
/** @import {Chat} from "./types.js" */
/** @import {Toast} from "./toast.js" */
import { changeChat } from "./server.js";
import { said, t } from "./words.js";

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
    return this.#change(_id, { title }, t("The chat was not renamed."));
  }

  /** @param {keyof typeof CHANGES} action @param {Chat} chat as it was before */
  async set(action, { _id, title, pinned, archived }) {
    if (!(await this.#change(_id, CHANGES[action], t("“{title}” was not changed.", { title })))) return;
    if (action !== "archive" && action !== "unarchive") return;
    const before = archived ? { archived } : { pinned, archived };
    const undo = () => void this.#change(_id, before, t("“{title}” was not changed back.", { title }));
    this.toast.offer(archived ? t("Unarchived “{title}”.", { title }) : t("Archived “{title}”.", { title }), { undo, gone: () => {} });
  }

  /** @param {string} id @param {object} change @param {string} failed @returns {Promise<boolean>} whether it was done */
  async #change(id, change, failed) {
    try {
      this.changed(await changeChat(id, change));
      return true;
    } catch (error) {
      this.toast.tell(`${failed} ${said(/** @type {Error} */ (error))}`);
      return false;
    }
  }
}
