// @ts-check
import { day, PINNED } from "./days.js";
import { copy, find, keepFocus } from "./dom.js";

/** So many chats are laid out and painted together, or not at all: chats.css. Each by itself took a frame's time with 5000 of them. */
const PART = 50;

/** The items of the list in their groups: the pinned ones, then day by day. What a search found is one group without a name. A group with many items goes on in further sections. */
export class ChatGroups {
  #today = "";
  /** By their chats: to look for one among thousands took longer than to place it. @type {Map<string, HTMLElement>} */
  #items = new Map();

  /** @param {HTMLElement} root @param {() => boolean} searched */
  constructor(root, searched) {
    this.root = root;
    this.searched = searched;
    this.#today = new Date().toDateString();
    for (const item of this.items) this.#items.set(item.dataset.chat ?? "", item);
    const misplaced = this.items.some((item) => this.#group(item) !== item.closest("section")?.dataset.group);
    if (misplaced) this.#regroup(); // the server did not know yet where the reader is
  }

  get items() {
    return /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll(".chat-item")]);
  }

  /** When the last of all was written in. */
  get newest() {
    return Math.max(...this.#sections.map((section) => at(section.querySelector(".chat-item"))));
  }

  /** @param {string} id of a chat */
  find(id) {
    return this.#items.get(id) ?? null;
  }

  /** Put an item where it belongs. One that is there already is let be: moved, it would lose the focus, and a title that is being written. @param {HTMLElement} item */
  place(item) {
    this.#items.set(item.dataset.chat ?? "", item);
    const left = item.closest("section");
    const section = this.#section(this.#group(item), item);
    const list = find(section, "ol", HTMLElement);
    const last = list.lastElementChild;
    const comesLast = this.searched() || (last !== item && at(last) >= at(item));
    const before = comesLast ? null : [...list.children].find((other) => other !== item && at(other) <= at(item));
    if (left === section && item.nextElementSibling === (before ?? null)) return;
    keepFocus(() => list.insertBefore(item, before ?? null));
    if (left !== section) clear(left);
  }

  /** @param {HTMLElement} item */
  remove(item) {
    const section = item.closest("section");
    this.#items.delete(item.dataset.chat ?? "");
    item.remove();
    clear(section);
  }

  /** These instead of all others. @param {HTMLElement[]} items */
  replace(items) {
    keepFocus(() => {
      this.root.replaceChildren();
      this.#items.clear();
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

  /** The one that it belongs into. @param {string} group @param {HTMLElement} item */
  #section(group, item) {
    const sections = this.#sections.filter((section) => section.dataset.group === group);
    const last = sections.at(-1);
    if (!last) return this.#begin(group, at(item));
    const within = this.searched() ? null : sections.find((section) => section.contains(item) ? at(lastOf(section)) <= at(item) : at(lastOf(section)) < at(item));
    if (within || last.contains(item)) return within ?? last;
    return find(last, "ol", HTMLElement).childElementCount < PART ? last : goOn(last);
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

/** A section for more of the same group. @param {HTMLElement} section that is full */
function goOn(section) {
  const next = copy("#chat-template", ".chat-group");
  next.dataset.group = section.dataset.group;
  const name = find(next, ".chat-day", HTMLElement);
  name.textContent = section.dataset.group ?? "";
  name.hidden = true;
  section.classList.add("chat-group-full");
  section.after(next);
  return next;
}

/** @param {HTMLElement} section */
function lastOf(section) {
  return find(section, "ol", HTMLElement).lastElementChild;
}

/** When a chat was last written in. @param {Element | null} item */
function at(item) {
  return item instanceof HTMLElement ? Number(item.dataset.at) : 0;
}

/** @param {HTMLElement | null} section which may have lost its last item: then the next one of its group has its name */
function clear(section) {
  if (!section || section.querySelector(".chat-item")) return;
  const next = section.nextElementSibling;
  if (next instanceof HTMLElement && next.dataset.group === section.dataset.group)
    find(next, ".chat-day", HTMLElement).hidden = find(section, ".chat-day", HTMLElement).hidden;
  section.remove();
}
