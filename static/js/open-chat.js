// @ts-check
/** @import {Chat, ChatWithHistory} from "./types.js" */
/** @import {ChatTitle} from "./title.js" */
import { pause } from "./connection.js";
import { find } from "./dom.js";
import { readChat, Refusal } from "./server.js";
import { t } from "./words.js";

/** The open chat as it is now, and its own menu. */
export class OpenChat {
  /** @type {Chat} */
  #chat;

  /** @param {HTMLElement} main @param {ChatTitle} title @param {() => string | null} chatId */
  constructor(main, title, chatId) {
    this.title = title;
    this.chatId = chatId;
    this.menu = find(main, "#keep", HTMLElement);
    const { pinned, archived } = this.menu.dataset;
    const known = { title: title.heading.textContent ?? "", updatedAt: new Date().toISOString() };
    this.#chat = { _id: chatId() ?? "", ...known, pinned: pinned !== undefined, archived: archived !== undefined };
    if (main.dataset.untitled !== undefined) this.#chat.titled = "words";
  }

  /** @returns {Chat} */
  get chat() {
    return this.#chat;
  }

  /** A chat that has just begun here, however long that takes. @param {string} id @returns {Promise<ChatWithHistory | null>} null where it is gone, or known by now */
  async read(id) {
    for (let failed = 1; this.#chat._id !== id && this.chatId() === id; failed += 1) {
      const chat = await readChat(id).catch((error) => (error instanceof Refusal && error.status === 404 ? null : undefined));
      if (chat !== undefined) return this.#chat._id === id ? null : chat;
      await pause(failed, new AbortController().signal);
    }
    return null;
  }

  /** A chat as it is now: if it is the open one, all of the page says so. @param {Chat} chat */
  show(chat) {
    if (chat._id !== this.chatId()) return;
    this.#chat = chat;
    this.title.show(chat.title);
    this.#label("pinned", chat.pinned ? t("Unpin") : t("Pin"));
    this.#label("archived", chat.archived ? t("Unarchive") : t("Archive"));
    for (const link of this.menu.querySelectorAll("a[data-format]")) {
      const { format } = /** @type {HTMLElement} */ (link).dataset;
      link.setAttribute("href", `/chat/${chat._id}/export?format=${format}`);
    }
  }

  /** What a button of the menu means now. @param {string | undefined} name @returns {"pin" | "unpin" | "archive" | "unarchive"} */
  action(name) {
    if (name === "pinned") return this.#chat.pinned ? "unpin" : "pin";
    return this.#chat.archived ? "unarchive" : "archive";
  }

  /** @param {string} name @param {string} words */
  #label(name, words) {
    find(this.menu, `[name="${name}"]`, HTMLElement).textContent = words;
  }
}
