// @ts-check
/** @import {Chat} from "./types.js" */
import { ChatGroups } from "./chat-groups.js";
import { chatItem, giveOptions, show } from "./chat-item.js";
import { find } from "./dom.js";
import { OlderChats } from "./older-chats.js";
import { listChats } from "./server.js";
import { said, t } from "./words.js";

/** The list of chats, newest first; older ones come as the reader gets there. It shows those that are archived, or the others. */
export class ChatList {
  #query = "";
  /** Chats that are about to be deleted. @type {Set<string>} */
  #hidden = new Set();

  /** @param {HTMLElement} root @param {() => string | null} current the open chat's id */
  constructor(root, current) {
    this.root = root;
    this.current = current;
    this.archived = root.dataset.archived !== undefined;
    this.#query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
    this.groups = new ChatGroups(find(root, "#chat-list", HTMLElement), () => this.#query !== "");
    this.note = find(root, "#chats-note", HTMLElement);
    this.older = new OlderChats(root, (before) => this.#goOn(before));
    for (const item of this.groups.items) giveOptions(item);
  }

  /** Show the chats that the words are in; no words show all. @param {string} query @param {AbortSignal} signal */
  async search(query, signal) {
    const { chats, before } = await listChats(this.#asked(query), signal);
    this.#query = query;
    this.groups.replace(chats.map((chat) => this.#item(chat)));
    this.older.lead(before);
    this.#explain();
  }

  /** @param {Error} error why the search brought nothing */
  fail(error) {
    this.note.hidden = false;
    this.note.textContent = `${t("The chats could not be searched.")} ${said(error)}`;
  }

  get searched() {
    return this.#query !== "";
  }

  /** Which chats it lists: those with these words, the archived ones, or the others. */
  get of() {
    return `${this.archived ? "archived" : "all"} ${this.#query}`;
  }

  /** @param {string} id @returns {HTMLElement | null} */
  find(id) {
    return this.groups.find(id);
  }

  /** A chat got a message. @param {string} id @returns {boolean} false when the list does not show it */
  raise(id) {
    const item = this.find(id);
    if (item) item.dataset.at = String(Math.max(Date.now(), this.groups.newest + 1)); // the server's clock may be ahead
    if (item && this.#query === "") this.groups.place(item);
    return item !== null;
  }

  /** Show a chat as it is now, or no more, where it does not belong here. @param {Chat} chat */
  put(chat) {
    const item = this.find(chat._id);
    if (this.#query === "" && chat.archived !== this.archived) return this.remove(chat._id);
    if (item) show(item, chat);
    if (this.#query === "") this.groups.place(item ?? this.#item(chat));
    this.#explain();
  }

  /** All chats are gone. */
  clear() {
    this.groups.replace([]);
    this.older.lead(null);
    this.#explain();
  }

  /** @param {string} id */
  hide(id) {
    this.#hidden.add(id);
    const item = this.find(id);
    if (item) this.#leave(item);
    item?.setAttribute("hidden", "");
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
    const item = this.find(id);
    if (item) this.#leave(item), this.groups.remove(item);
    this.#hidden.delete(id);
    this.#explain();
  }

  /** The focus goes on from an item that goes: to the one after it, else before it, else to the search. @param {HTMLElement} item */
  #leave(item) {
    if (!item.contains(document.activeElement)) return;
    const items = this.groups.items.filter((other) => !other.hidden);
    const at = items.indexOf(item);
    const next = items[at + 1] ?? items[at - 1];
    (next ? find(next, ".chat-options", HTMLElement) : find(document, "#q", HTMLElement)).focus();
  }

  /** @param {string} before */
  async #goOn(before) {
    const query = this.#query;
    const part = await listChats({ ...this.#asked(query), before });
    if (query !== this.#query) return null; // searched meanwhile
    const fresh = part.chats.filter((chat) => !this.find(chat._id));
    for (const chat of fresh) this.groups.place(this.#item(chat));
    return part;
  }

  /** @param {string} query @returns {{q?: string, archived?: string}} */
  #asked(query) {
    return query ? { q: query } : this.archived ? { archived: "1" } : {};
  }

  /** @param {Chat} chat */
  #item(chat) {
    const item = chatItem(chat, chat._id === this.current(), this.#query);
    item.hidden = this.#hidden.has(chat._id);
    return item;
  }

  #explain() {
    const some = this.groups.root.querySelector(".chat-item:not([hidden])") !== null;
    this.note.hidden = some && !(this.archived && this.#query === "");
    if (some) return;
    const none = this.archived ? t("No chat is archived.") : t("No chats yet. Each one you start is kept here.");
    this.note.textContent = this.#query ? t("No chat has “{words}” in it.", { words: this.#query }) : none;
  }
}
