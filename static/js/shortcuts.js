// @ts-check
/** @import {Branching} from "./branching.js" */
/** @import {ChatsPanel} from "./chats-panel.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {ChatTitle} from "./title.js" */
import { find } from "./dom.js";
import { closeFootChoice } from "./foot-choices.js";
import { kept, keep } from "./storage.js";

/** So many parts of the list are looked through for the open chat. */
const FAR = 10;

const POPOVERS = ":popover-open:not(#toast)";

/**
 * What is done by keys. Alt and Shift with a letter are free in browsers and with screen readers, and write nothing that a
 * message needs; a sheet lists them. Its own key, `?`, can be turned off, for those who dictate.
 */
export class Shortcuts {
  /** @type {Record<string, () => void>} */
  #acts;

  /** @param {HTMLDialogElement} sheet @param {{conversation: Conversation, branching: Branching, title: ChatTitle, chats: ChatsPanel}} page */
  constructor(sheet, { conversation, branching, title, chats }) {
    this.sheet = sheet;
    this.conversation = conversation;
    this.title = title;
    this.#acts = {
      N: () => location.assign("/"),
      F: search,
      M: () => conversation.page.composer.field.focus(),
      J: () => void openChat(chats, 1),
      K: () => void openChat(chats, -1),
      C: () => void branching.copying.copyLast(),
      "?": () => this.#toggle(),
    };
    const plain = find(sheet, "input", HTMLInputElement);
    plain.checked = kept("question-mark") !== "off";
    plain.addEventListener("change", () => keep("question-mark", plain.checked ? "on" : "off"));
    this.plain = plain;
    document.querySelector("#show-shortcuts")?.addEventListener("click", () => (title.closeMenu(), this.#toggle()));
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return this.#escaped(event);
    const act = event.altKey && event.shiftKey ? this.#acts[letter(event)] : this.#asked(event) ? this.#acts["?"] : undefined;
    if (!act || (document.querySelector("dialog[open]") && act !== this.#acts["?"])) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  #asked({ key, altKey, target }) {
    const writes = target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
    return key === "?" && !altKey && !writes && this.plain.checked;
  }

  /** @param {KeyboardEvent} event */
  #escaped(event) {
    if (document.querySelector("dialog[open]")) return;
    if (closeFootChoice()) return event.preventDefault(); // else the drawer that it stands in would close with it
    if (document.querySelector(POPOVERS) || this.title.closeMenu()) return;
    if (this.conversation.running) void this.conversation.stop();
  }

  #toggle() {
    if (this.sheet.open) this.sheet.close();
    else this.sheet.showModal();
  }
}

/** The letter on the key, where Alt and Shift make another character of it. @param {KeyboardEvent} event */
function letter({ key, code }) {
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  if (key === "?" || code === "Slash") return "?";
  return code.replace(/^Key/, "");
}

/** The list of chats may be folded away, or be a drawer. */
function search() {
  const field = find(document, "#q", HTMLInputElement);
  if (!field.checkVisibility()) {
    const unfold = find(document, "#unfold", HTMLElement);
    if (unfold.checkVisibility()) unfold.click();
    else find(document, "#sidebar", HTMLElement).showPopover();
  }
  field.focus();
}

let looking = false;

/** Where the open chat is in another list than this, there is none beside it. @param {ChatsPanel} chats @param {number} step down the list; from a new chat, into it */
async function openChat({ list, open }, step) {
  const id = list.current();
  if (looking || (id && !list.find(id) && (list.searched || open.chat.archived !== list.archived))) return;
  looking = true;
  const { of } = list;
  for (let parts = 0; id && !list.find(id) && parts < FAR; parts += 1) if (!(await list.older.load())) break;
  if (!beside(list, id, step) && step > 0) await list.older.load();
  looking = false;
  if (of === list.of && (!id || list.find(id))) beside(list, id, step)?.click();
}

/** @param {ChatsPanel["list"]} list @param {string | null} id @param {number} step @returns {HTMLElement | null} */
function beside({ groups: { items } }, id, step) {
  const at = items.findIndex((item) => item.dataset.chat === id);
  const next = step > 0 ? items.slice(at + 1) : items.slice(0, Math.max(at, 0)).reverse();
  return next.find(({ hidden }) => !hidden)?.querySelector(".chat-link") ?? null;
}
