// @ts-check
/** @import {Chat, Piece} from "./types.js" */
import { copy, find } from "./dom.js";
import { t } from "./words.js";

/** A chat in the list. @param {Chat} chat @param {boolean} current whether it is the open one @param {string} [words] that it was found by */
export function chatItem(chat, current, words = "") {
  const item = copy("#chat-template", ".chat-item");
  item.dataset.chat = chat._id;
  const link = find(item, ".chat-link", HTMLAnchorElement);
  link.href = `/c/${chat._id}${chat.found?.messageId ? place(words, chat.found.messageId) : ""}`;
  if (current) link.setAttribute("aria-current", "page");
  show(item, chat);
  return item;
}

/** Of what was found in a chat. @param {string} words @param {string} message */
function place(words, message) {
  return `?${new URLSearchParams({ q: words, at: message })}#m-${message}`;
}

/** @param {HTMLElement} item @param {Chat} chat as it is now */
export function show(item, chat) {
  item.dataset.at = String(Date.parse(chat.updatedAt));
  item.toggleAttribute("data-pinned", chat.pinned);
  item.toggleAttribute("data-archived", chat.archived);
  const name = find(item, ".chat-name", HTMLElement);
  name.replaceChildren(...(chat.found ? marked(chat.found.title) : [chat.title]));
  tell(item, ".chat-away", chat.archived && chat.found ? [t("Archived")] : []);
  tell(item, ".chat-snippet", chat.found ? marked(chat.found.snippet) : []);
  find(item, ".chat-options", HTMLElement).setAttribute("aria-label", t("Options for {title}", { title: chat.title }));
}

/** The chat that an item shows, as far as it tells. @param {HTMLElement} item @returns {Chat} */
export function shown(item) {
  const { chat = "", at, pinned, archived } = item.dataset;
  const title = find(item, ".chat-name", HTMLElement).textContent ?? "";
  const updatedAt = new Date(Number(at)).toISOString();
  return { _id: chat, title, updatedAt, pinned: pinned !== undefined, archived: archived !== undefined };
}

/** Options, for an item as the server sent it. @param {HTMLElement} item */
export function giveOptions(item) {
  const button = copy("#chat-template", ".chat-options");
  button.setAttribute("aria-label", t("Options for {title}", { title: shown(item).title }));
  item.append(button);
}

/** @param {HTMLElement} item @param {string} selector @param {(Node | string)[]} words hidden where there are none */
function tell(item, selector, words) {
  const part = item.querySelector(selector);
  if (!(part instanceof HTMLElement)) return; // the server leaves out what it does not need
  part.replaceChildren(...words);
  part.hidden = words.length === 0;
}

/** @param {Piece[]} pieces */
function marked(pieces) {
  return pieces.map(({ text, found }) => {
    if (!found) return text;
    const mark = document.createElement("mark");
    mark.textContent = text;
    return mark;
  });
}
