// @ts-check
/** @import {Chat} from "./types.js" */
import { readChat } from "./server.js";

/** When the chat is looked at after its answer's end, each time so many milliseconds later. */
const LOOKS_MS = [700, 1_500, 3_000, 6_000, 12_000];

/** The model may give a new chat a better title, in the background, after its first answer: looks for it a few times. */
export class TitleWatch {
  /** Chats that have only their first words as a title. @type {Set<string>} */
  #untitled = new Set();
  /** The one whose answer ended last: maybe before it was known what it is called. */
  #ended = "";

  /** @param {boolean} on whether the server asks its model for titles @param {(chat: Chat) => void} found */
  constructor(on, found) {
    this.on = on;
    this.found = found;
  }

  /** @param {Chat} chat */
  add({ _id, titled }) {
    if (!this.on || titled !== "words") return;
    if (this.#ended === _id) void this.#look(_id);
    else this.#untitled.add(_id);
  }

  /** An answer has ended. @param {string} id */
  ended(id) {
    if (this.#untitled.delete(id)) void this.#look(id);
    this.#ended = id;
  }

  /** @param {string} id */
  async #look(id) {
    for (const ms of LOOKS_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      const chat = await readChat(id).catch(() => null);
      if (chat && chat.titled !== "words") return this.found(chat);
    }
  }
}
