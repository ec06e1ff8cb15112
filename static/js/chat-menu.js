// @ts-check
/** @import {Chat} from "./types.js" */
import { shown } from "./chat-item.js";
import { find } from "./dom.js";
import { t } from "./words.js";

/** The menu of a chat in the list (one menu, put beside the button that opened it), and renaming in place. */
export class ChatMenu {
  /** @type {HTMLElement | null} */
  #button = null;

  /**
   * @param {HTMLElement} menu
   * @param {HTMLElement} list
   * @param {{rename: (chat: Chat, title: string) => void, chosen: (action: string, chat: Chat) => void}} listener
   */
  constructor(menu, list, listener) {
    this.menu = menu;
    this.listener = listener;
    list.addEventListener("click", (event) => this.#pressed(event));
    menu.addEventListener("click", (event) => this.#chosen(event));
    menu.addEventListener("keydown", (event) => this.#moved(event));
    menu.addEventListener("toggle", () => this.#toggled());
  }

  /** @param {Event} event */
  #pressed(event) {
    const button = /** @type {Element} */ (event.target).closest(".chat-options");
    if (!(button instanceof HTMLElement)) return;
    const again = button === this.#button && this.menu.matches(":popover-open");
    if (again) return this.menu.hidePopover();
    this.#button = button;
    this.#offer(shown(/** @type {HTMLElement} */ (button.closest(".chat-item"))));
    this.menu.showPopover();
    this.#place(button);
    this.#items[0]?.focus();
  }

  /** What can be done with this chat. @param {Chat} chat */
  #offer({ _id, pinned, archived }) {
    const holds = { pinned, unpinned: !pinned, archived, present: !archived };
    for (const [name, yes] of Object.entries(holds)) {
      for (const item of this.menu.querySelectorAll(`[data-if="${name}"]`)) item.toggleAttribute("hidden", !yes);
    }
    for (const link of this.menu.querySelectorAll("a")) link.href = `/chat/${_id}/export?format=${link.dataset.format}`;
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.menu.querySelectorAll("[role=menuitem]:not([hidden])")]);
  }

  /** @param {HTMLElement} button */
  #place(button) {
    const at = button.getBoundingClientRect();
    const below = at.bottom + this.menu.offsetHeight <= innerHeight;
    this.menu.style.top = `${Math.max(8, below ? at.bottom : at.top - this.menu.offsetHeight)}px`;
    const left = document.dir === "rtl" ? at.left : at.right - this.menu.offsetWidth;
    this.menu.style.left = `${Math.max(8, Math.min(left, innerWidth - this.menu.offsetWidth - 8))}px`;
  }

  #toggled() {
    const open = this.menu.matches(":popover-open");
    this.#button?.setAttribute("aria-expanded", String(open));
  }

  /** @param {KeyboardEvent} event */
  #moved(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = this.#items;
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.findIndex((item) => item === document.activeElement);
    items.at((at + step) % items.length)?.focus();
  }

  /** @param {Event} event */
  #chosen(event) {
    const chosen = /** @type {HTMLElement} */ (event.target);
    const item = this.#button?.closest(".chat-item");
    if (!(item instanceof HTMLElement) || chosen.getAttribute("role") !== "menuitem") return;
    this.menu.hidePopover();
    const { action } = chosen.dataset;
    if (action === "rename") this.#edit(item, find(item, ".chat-link", HTMLAnchorElement));
    else if (action) this.listener.chosen(action, shown(item));
  }

  /** @param {HTMLElement} item @param {HTMLAnchorElement} link The title becomes a field: Enter and leaving keep, Esc does not. */
  #edit(item, link) {
    const chat = shown(item);
    const field = document.createElement("input");
    Object.assign(field, { className: "chat-rename", value: chat.title, maxLength: 200, dir: "auto" });
    field.setAttribute("aria-label", t("Title"));
    let open = true;
    const close = (/** @type {boolean} */ keep) => {
      if (!open) return; // leaving the page's tree is a blur as well
      open = false;
      const title = field.value.trim();
      const focused = document.activeElement === field;
      field.replaceWith(link);
      if (focused) link.focus();
      if (keep && title && title !== chat.title) this.listener.rename(chat, title);
    };
    field.addEventListener("blur", () => close(true));
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
      event.preventDefault();
      event.stopPropagation();
      close(event.key === "Enter");
    });
    link.replaceWith(field);
    field.select();
  }
}
