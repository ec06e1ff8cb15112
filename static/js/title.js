// @ts-check
import { find } from "./dom.js";
import { t } from "./words.js";

/** The open chat's title: in the bar, in the browser's tab, in the form that changes it. */
export class ChatTitle {
  /** @param {HTMLElement} topbar */
  constructor(topbar) {
    this.heading = find(topbar, "#chat-title", HTMLElement);
    this.menu = find(topbar, "#topbar-menu", HTMLDetailsElement);
    this.field = find(topbar, "#title", HTMLInputElement);
    // Left open it would lie over what Tab reaches next; a dialog gives the focus back to it.
    this.menu.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (to instanceof Element && !this.menu.contains(to) && !to.closest("dialog")) this.menu.open = false;
    });
  }

  /** @param {string} title */
  show(title) {
    this.heading.textContent = this.field.value = title;
    document.title = `${title} · ChatStream`;
  }

  /** A new chat has none. */
  clear() {
    this.heading.textContent = t("New chat");
    document.title = "ChatStream";
  }

  /** @returns {boolean} whether it was open */
  closeMenu() {
    const { open } = this.menu;
    this.menu.open = false;
    if (open) find(this.menu, "summary", HTMLElement).focus();
    return open;
  }
}
