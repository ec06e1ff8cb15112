// @ts-check
/** @import {Toast} from "./toast.js" */
import { deleteChat } from "./server.js";
import { keep, kept } from "./storage.js";
import { said, t } from "./words.js";

/** Where the ids are kept of chats that are deleted as the page is left: the next page was made before, and lists them. */
const LEFT = "deleted";
/** So long may the server take to hear of them. */
const HEARD_MS = 10_000;

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
    queueMicrotask(() => left().forEach(({ id }) => listener.deleted(id))); // once all of the page is there
    window.addEventListener("pagehide", () => ((this.#leaving = true), toast.dismiss()));
    window.addEventListener("pageshow", () => (this.#leaving = false)); // by going back
  }

  /** @param {string} id @param {string} title */
  begin(id, title) {
    const undo = () => this.listener.show(id);
    this.listener.hide(id);
    this.toast.offer(t("Deleted “{title}”.", { title }), { undo, gone: () => void this.#commit(id) });
  }

  /** Its end is not heard here. @param {string} id */
  #leave(id) {
    this.listener.tell(id);
    keep(LEFT, JSON.stringify([...left(), { id, at: Date.now() }]), "sessionStorage");
  }

  /** @param {string} id */
  async #commit(id) {
    const asked = deleteChat(id);
    if (this.#leaving) this.#leave(id);
    try {
      await asked;
      this.listener.tell(id);
      this.listener.deleted(id);
    } catch (error) {
      keep(LEFT, null, "sessionStorage");
      this.listener.show(id);
      this.toast.tell(`${t("The chat was not deleted.")} ${said(/** @type {Error} */ (error))}`);
    }
  }
}

/** Those of the last moments. @returns {{id: string, at: number}[]} */
function left() {
  const all = JSON.parse(kept(LEFT, "sessionStorage") ?? "[]");
  return all.filter((/** @type {{at: number}} */ { at }) => Date.now() - at < HEARD_MS);
}
