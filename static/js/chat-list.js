// @ts-check
/** @import {Chat} from "./types.js" */
import { listChats } from "./server.js";
import { copy, find } from "./dom.js";

/** The list of chats, newest first; older ones come as the reader gets there. */
export class ChatList {
  #query = "";
  #loading = false;
  /** Chats that are about to be deleted. @type {Set<string>} */
  #hidden = new Set();

  /** @param {HTMLElement} root @param {() => string | null} current the open chat's id */
  constructor(root, current) {
    this.root = root;
    this.current = current;
    this.items = find(root, "#chat-list", HTMLElement);
    this.note = find(root, "#chats-note", HTMLElement);
    this.olderButton = find(root, "#older", HTMLButtonElement);
    for (const item of this.items.children) giveOptions(/** @type {HTMLElement} */ (item));
    this.olderButton.addEventListener("click", () => this.#older());
    new IntersectionObserver(([entry]) => entry?.isIntersecting && this.#older(), { root }).observe(this.olderButton);
  }

  /** Show the chats that the words are in; no words show all. @param {string} query @param {AbortSignal} signal */
  async search(query, signal) {
    const { chats, before } = await listChats(query ? { q: query } : {}, signal);
    this.#query = query;
    this.items.replaceChildren(...chats.map((chat) => this.#item(chat)));
    this.#more(before);
    this.#explain();
  }

  /** @param {Error} error why the search brought nothing */
  fail(error) {
    this.note.hidden = false;
    this.note.textContent = `The chats could not be searched. ${error.message}`;
  }

  /** @param {string} id @returns {HTMLElement | null} */
  find(id) {
    return this.items.querySelector(`[data-chat="${id}"]`);
  }

  /** @param {string} id @returns {boolean} false when the list does not show it */
  raise(id) {
    const item = this.find(id);
    if (item && this.#query === "") this.items.prepend(item);
    return item !== null;
  }

  /** @param {Chat} chat */
  add(chat) {
    if (this.#query !== "" || this.find(chat._id)) return;
    this.items.prepend(this.#item(chat));
    this.#explain();
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    const item = this.find(id);
    if (item) label(item, title);
  }

  /** @param {string} id */
  hide(id) {
    this.#hidden.add(id);
    this.find(id)?.setAttribute("hidden", "");
    this.#explain();
  }

  /** @param {string} id */
  show(id) {
    this.#hidden.delete(id);
    this.find(id)?.removeAttribute("hidden");
    this.#explain();
  }

  /** @param {string} id */
  remove(id) {
    this.find(id)?.remove();
    this.#hidden.delete(id);
    this.#explain();
  }

  async #older() {
    const before = this.root.dataset.before;
    if (!before || this.#loading) return;
    this.#loading = true;
    try {
      const page = await listChats({ ...(this.#query && { q: this.#query }), before });
      const fresh = page.chats.filter((chat) => !this.find(chat._id));
      this.items.append(...fresh.map((chat) => this.#item(chat)));
      this.#more(page.before);
    } catch {
      this.olderButton.hidden = false;
    } finally {
      this.#loading = false;
    }
  }

  /** @param {string | null} before */
  #more(before) {
    this.root.dataset.before = before ?? "";
    this.olderButton.hidden = !before;
  }

  /** @param {Chat} chat */
  #item({ _id, title }) {
    const item = copy("#chat-template", ".chat-item");
    item.dataset.chat = _id;
    item.hidden = this.#hidden.has(_id);
    const link = find(item, ".chat-link", HTMLAnchorElement);
    link.href = `/c/${_id}`;
    if (_id === this.current()) link.setAttribute("aria-current", "page");
    label(item, title);
    return item;
  }

  #explain() {
    const some = this.items.querySelector(".chat-item:not([hidden])") !== null;
    this.note.hidden = some;
    const none = this.#query ? `No chat has “${this.#query}” in it.` : "No chats yet. Each one you start is kept here.";
    this.note.textContent = some ? "" : none;
  }
}

/** @param {HTMLElement} item as the server sent it */
function giveOptions(item) {
  item.append(copy("#chat-template", ".chat-options"));
  label(item, find(item, ".chat-link", HTMLElement).textContent ?? "");
}

/** @param {HTMLElement} item @param {string} title */
function label(item, title) {
  find(item, ".chat-link", HTMLElement).textContent = title;
  find(item, ".chat-options", HTMLElement).setAttribute("aria-label", `Options for ${title}`);
}
