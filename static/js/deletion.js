// @ts-check
/** @import {Toast} from "./toast.js" */
import { deleteChat } from "./server.js";
import { said, t } from "./words.js";

/** Deletes a chat after a time in which it can be undone; leaving the page ends that time. */
export class Deletion {
  #leaving = false;

  /**
   * @param {Toast} toast
   * @param {{hide: (id: string) => void, show: (id: string) => void, deleted: (id: string) => void,
   *   tell: (id: string) => void}} listener
   */
  constructor(toast, listener) {
    this.toast = toast;
    this.listener = listener;
    window.addEventListener("pagehide", () => ((this.#leaving = true), toast.dismiss()));
  }

  /** @param {string} id @param {string} title */
  begin(id, title) {
    const undo = () => this.listener.show(id);
    this.listener.hide(id);
    this.toast.offer(t("Deleted “{title}”.", { title }), { undo, gone: () => void this.#commit(id) });
  }

  /** @param {string} id */
  async #commit(id) {
    const asked = deleteChat(id);
    if (this.#leaving) this.listener.tell(id); // its end is not heard here
    try {
      await asked;
      this.listener.tell(id);
      this.listener.deleted(id);
    } catch (error) {
      this.listener.show(id);
      this.toast.tell(`${t("The chat was not deleted.")} ${said(/** @type {Error} */ (error))}`);
    }
  }
}
