// @ts-check
import { find } from "./dom.js";
import { element } from "./element.js";
import { keep } from "./storage.js";

/** Folds the list of chats away on a wide window. On a narrow one it is a drawer, which the page opens by itself. */
class Sidebar {
  /** @param {HTMLElement} part */
  constructor(part) {
    const drawer = find(part, "#sidebar", HTMLElement);
    const fold = find(document, "#fold", HTMLElement);
    const unfold = find(document, "#unfold", HTMLElement);
    fold.addEventListener("click", () => (this.#set("folded"), unfold.focus()));
    unfold.addEventListener("click", () => (this.#set("open"), fold.focus()));
    // A drawer left open would lie over what Tab reaches behind it, and over the page when the window widens.
    drawer.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (to instanceof Element && to.closest("main")) drawer.hidePopover();
    });
    matchMedia("(min-width: 52rem)").addEventListener("change", () => drawer.hidePopover());
  }

  /** @param {"folded" | "open"} state */
  #set(state) {
    document.documentElement.classList.toggle("folded", state === "folded");
    keep("sidebar", state);
  }
}

element("chat-sidebar", Sidebar);
