// @ts-check
import { day, PINNED } from "./days.js";
import { copy, find, keepFocus } from "./dom.js";

/** The items of the list in their groups: the pinned ones, then day by day. What a search found is one group without a name. */
export class ChatGroups {
  #today = "";

  /** @param {HTMLElement} root @param {() => boolean} searched */
  constructor(root, searched) {
    this.root = root;
    this.searched = searched;
    this.#today = new Date().toDateString();
    const misplaced = this.items.some((item) => this.#group(item) !== item.closest("section")?.dataset.group);
    if (misplaced) this.#regroup(); // the server did not know yet where the reader is
  }

  get items() {
    return /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll(".chat-item")]);
  }

  /** Put an item where it belongs. One that is there already is let be: moved, it would lose the focus, and a title that is being written. @param {HTMLElement} item */
  place(item) {
    const left = item.closest("section");
    const group = this.#group(item);
    const section = this.#section(group) ?? this.#begin(group, Number(item.dataset.at));
    const list = find(section, "ol", HTMLElement);
    const before = this.searched() || at(list.lastElementChild) > at(item) ? null : [...list.children].find((other) => other !== item && at(other) <= at(item));
    if (left === section && item.nextElementSibling === (before ?? null)) return;
    keepFocus(() => list.insertBefore(item, before ?? null));
    if (left !== section) clear(left);
  }

  /** @param {HTMLElement} item */
  remove(item) {
    const section = item.closest("section");
    item.remove();
    clear(section);
  }

  /** These instead of all others. @param {HTMLElement[]} items */
  replace(items) {
    keepFocus(() => {
      this.root.replaceChildren();
      for (const item of items) this.place(item);
    });
  }

  /** Somebody is back, maybe on another day. */
  renew() {
    const today = new Date().toDateString();
    if (today === this.#today) return;
    this.#today = today;
    this.#regroup();
  }

  #regroup() {
    this.replace(this.items);
  }

  /** @param {HTMLElement} item */
  #group(item) {
    if (this.searched()) return "";
    return item.dataset.pinned === undefined ? day(at(item)) : PINNED;
  }

  /** @param {string} group */
  #section(group) {
    return this.#sections.find((section) => section.dataset.group === group);
  }

  get #sections() {
    return /** @type {HTMLElement[]} */ ([...this.root.children]);
  }

  /** @param {string} group @param {number} time of its first item */
  #begin(group, time) {
    const section = copy("#chat-template", ".chat-group");
    section.dataset.group = group;
    const name = find(section, ".chat-day", HTMLElement);
    name.textContent = group;
    name.hidden = group === "";
    const later = (/** @type {HTMLElement} */ other) => other.dataset.group !== PINNED && at(other.querySelector(".chat-item")) < time;
    const next = group === PINNED ? this.root.firstElementChild : this.#sections.find(later);
    this.root.insertBefore(section, next ?? null);
    return section;
  }
}

/** When a chat was last written in. @param {Element | null} item */
function at(item) {
  return item instanceof HTMLElement ? Number(item.dataset.at) : 0;
}

/** @param {Element | null} section which may have lost its last item */
function clear(section) {
  if (section && !section.querySelector(".chat-item")) section.remove();
}
