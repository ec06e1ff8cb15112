// @ts-check
/** @import {Branching} from "./branching.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {ChatTitle} from "./title.js" */
import { find } from "./dom.js";
import { closeFootChoice } from "./foot-choices.js";
import { kept, keep } from "./storage.js";

const LAYERS = ":popover-open:not(#toast), dialog[open]";

/**
 * What is done by keys. Alt and Shift with a letter are free in browsers and with screen readers, and write nothing that a
 * message needs; a sheet lists them. Its own key, `?`, can be turned off, for those who dictate.
 */
export class Shortcuts {
  /** @type {Record<string, () => void>} */
  #acts;

  /** @param {HTMLDialogElement} sheet @param {{conversation: Conversation, branching: Branching, title: ChatTitle}} page */
  constructor(sheet, { conversation, branching, title }) {
    this.sheet = sheet;
    this.conversation = conversation;
    this.title = title;
    this.#acts = {
      N: () => location.assign("/"),
      F: search,
      M: () => conversation.page.composer.field.focus(),
      J: () => openChat(1),
      K: () => openChat(-1),
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
    if (event.key === "Escape") return this.#escaped();
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

  #escaped() {
    if (document.querySelector(LAYERS) || this.title.closeMenu() || closeFootChoice()) return;
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

/** @param {number} step down the list; from a new chat, into it */
function openChat(step) {
  const links = [...document.querySelectorAll(".chat-link")].filter((link) => link.checkVisibility({ contentVisibilityAuto: false }));
  const at = links.findIndex((link) => link.getAttribute("aria-current") === "page");
  const link = links[at < 0 ? (step > 0 ? 0 : -1) : at + step];
  if (link instanceof HTMLAnchorElement) link.click();
}
