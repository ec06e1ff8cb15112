// @ts-check
/** @import {Branching} from "./branching.js" */
/** @import {ChatList} from "./chat-list.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {ChatTitle} from "./title.js" */
import { find } from "./dom.js";
import { closeFootChoice } from "./foot-choices.js";
import { kept, keep } from "./storage.js";

/** So many parts of the list are looked through for the open chat. */
const FAR = 10;

const LAYERS = ":popover-open:not(#toast), dialog[open]";

/**
 * What is done by keys. Alt and Shift with a letter are free in browsers and with screen readers, and write nothing that a
 * message needs; a sheet lists them. Its own key, `?`, can be turned off, for those who dictate.
 */
export class Shortcuts {
  /** @type {Record<string, () => void>} */
  #acts;

  /** @param {HTMLDialogElement} sheet @param {{conversation: Conversation, branching: Branching, title: ChatTitle, list: ChatList}} page */
  constructor(sheet, { conversation, branching, title, list }) {
    this.sheet = sheet;
    this.conversation = conversation;
    this.title = title;
    this.#acts = {
      N: () => location.assign("/"),
      F: search,
      M: () => conversation.page.composer.field.focus(),
      J: () => void openChat(list, 1),
      K: () => void openChat(list, -1),
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
    if (closeFootChoice()) return event.preventDefault(); // else the drawer that it stands in would close with it
    if (document.querySelector(LAYERS) || this.title.closeMenu()) return;
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

/** @param {ChatList} list @param {number} step down the list; from a new chat, into it */
async function openChat(list, step) {
  const links = () => list.groups.items.filter(({ hidden }) => !hidden).map((item) => find(item, ".chat-link", HTMLAnchorElement));
  const current = () => links().findIndex((link) => link.ariaCurrent === "page");
  for (let parts = 0; list.current() && current() < 0 && parts < FAR; parts += 1) if (!(await list.older.load())) break;
  const at = current() + step;
  if (at >= links().length) await list.older.load();
  if (at >= 0) links()[at]?.click();
}
