// @ts-check
import { keep, kept } from "./storage.js";

const NAME = "drafts";
const NEW = "new";
/** The latest so many are kept. */
const MOST = 50;
const PAUSE_MS = 300;

/** What is typed and not sent yet, by chat: it outlasts reloads, and moving to other chats. */
export class Drafts {
  #timer = 0;

  /** @param {HTMLTextAreaElement} field @param {() => string | null} chatId */
  constructor(field, chatId) {
    this.field = field;
    this.chatId = chatId;
    const draft = all().get(this.#chat);
    if (draft && field.value === "") {
      field.value = draft;
      field.dispatchEvent(new Event("input"));
    }
    field.addEventListener("input", () => this.#typed());
    window.addEventListener("pagehide", () => this.#save());
  }

  get #chat() {
    return this.chatId() ?? NEW;
  }

  #typed() {
    clearTimeout(this.#timer);
    if (this.field.value === "") this.#save();
    else this.#timer = setTimeout(() => this.#save(), PAUSE_MS);
  }

  #save() {
    clearTimeout(this.#timer);
    const drafts = all();
    const { value } = this.field;
    if ((drafts.get(this.#chat) ?? "") === value) return;
    drafts.delete(this.#chat); // so that it comes last
    if (value) drafts.set(this.#chat, value);
    keep(NAME, drafts.size > 0 ? JSON.stringify([...drafts].slice(-MOST)) : null);
  }
}

/** @returns {Map<string, string>} */
function all() {
  try {
    return new Map(JSON.parse(kept(NAME) ?? "[]"));
  } catch {
    return new Map(); // another version's
  }
}
