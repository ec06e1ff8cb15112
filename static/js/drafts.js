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
  /** What this tab has loaded or kept last: it changes nothing else, for another tab may have written since. */
  #known;

  /** @param {HTMLTextAreaElement} field @param {() => string | null} chatId */
  constructor(field, chatId) {
    this.field = field;
    this.chatId = chatId;
    this.#known = { chat: this.#chat, text: all().get(this.#chat) ?? "" };
    if (this.#known.text && field.value === "") {
      field.value = this.#known.text;
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
    const known = this.#known;
    const present = { chat: this.#chat, text: this.field.value };
    if (known.chat === present.chat && known.text === present.text) return;
    this.#known = present;
    const drafts = all();
    if (drafts.get(known.chat) === known.text) drafts.delete(known.chat);
    if (present.text) drafts.delete(present.chat); // so that it comes last
    if (present.text) drafts.set(present.chat, present.text);
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
