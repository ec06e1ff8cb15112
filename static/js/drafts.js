// @ts-check
import { keep, kept, names } from "./storage.js";

/** Before the chat's id; each has a place of its own, so that two tabs that write at once lose nothing. */
const NAME = "draft ";
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
    this.#known = { chat: this.#chat, text: read(NAME + this.#chat).text };
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
    const gone = known.chat !== present.chat || present.text === "";
    if (gone && known.text && read(NAME + known.chat).text === known.text) keep(NAME + known.chat, null);
    if (present.text) keep(NAME + present.chat, JSON.stringify({ at: Date.now(), text: present.text }));
    forget();
  }
}

/** @param {string} name @returns {{at: number, text: string}} of none, and of what is not ours, empty */
function read(name) {
  try {
    const { at, text } = JSON.parse(kept(name) ?? "{}");
    return { at: Number(at) || 0, text: String(text ?? "") };
  } catch {
    return { at: 0, text: "" };
  }
}

/** Those that are too many, the oldest first. */
function forget() {
  const found = names(NAME);
  if (found.length <= MOST) return;
  const drafts = found.map((name) => ({ name, at: read(name).at })).sort((a, b) => b.at - a.at);
  for (const { name } of drafts.slice(MOST)) keep(name, null);
}
