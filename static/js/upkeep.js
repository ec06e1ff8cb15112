// @ts-check
/** @import {ChatWithHistory} from "./types.js" */
import { readChat, Refusal } from "./server.js";
import { pause } from "./connection.js";

const ATTEMPTS = 6;

/** Keeps a page true to a chat that goes on elsewhere: in another tab, or on another device. */
export class Upkeep {
  #behind = false;
  /** @type {Promise<void> | null} */
  #looking = null;

  /** @param {{chatId: () => string | null, busy: () => boolean, show: (chat: ChatWithHistory) => void, gone: () => void}} page */
  constructor(page) {
    this.page = page;
  }

  /** The chat may have gone on. While an answer is being written here, that is looked at after its end: call `look`. */
  news() {
    this.#behind = true;
    return this.look();
  }

  /** Compare with the server, if there is a reason to, until it has said how the chat is now. */
  look() {
    return (this.#looking ??= this.#compare().finally(() => (this.#looking = null)));
  }

  async #compare() {
    for (let failed = 0; this.#behind && failed < ATTEMPTS && !this.page.busy() && !document.hidden; ) {
      if (!(await this.#read())) await pause((failed += 1), new AbortController().signal);
    }
  }

  /** @returns {Promise<boolean>} whether the server said how it is */
  async #read() {
    const id = this.page.chatId();
    this.#behind = false;
    if (!id) return true;
    const chat = await readChat(id).catch((error) => (error instanceof Refusal && error.status === 404 ? null : undefined));
    if (this.#behind) return chat !== undefined; // there was news meanwhile: this may be older
    if (chat === undefined || this.page.busy() || this.page.chatId() !== id) this.#behind = true;
    else if (chat) this.page.show(chat);
    else this.page.gone();
    return chat !== undefined;
  }
}
