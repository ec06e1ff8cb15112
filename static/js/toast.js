// @ts-check
import { copy, find } from "./dom.js";
import { element } from "./element.js";

const NEWS_MS = 4000;
const UNDO_MS = 6000;

/** @typedef {{undo: () => void, gone: () => void}} Offer undone by the button, or gone when its time is over */

/** Sentences at the foot, the latest below. Each leaves by itself, whatever else is said meanwhile. */
export class Toast {
  /** @type {Set<Sentence>} */
  #shown = new Set();

  /** @param {HTMLElement} foot */
  constructor(foot) {
    this.element = foot;
  }

  /** What was done, and can be undone for a while. @param {string} words @param {Offer} offer @returns {() => void} ends that time */
  offer(words, offer) {
    const sentence = this.#show(words, UNDO_MS, offer);
    if (document.activeElement?.closest("[inert]")) sentence.button.focus(); // there is nothing else to do meanwhile
    return () => sentence.close("gone");
  }

  /** With nothing to do about it. @param {string} words */
  tell(words) {
    this.#show(words, NEWS_MS, null);
  }

  /** As if the time of all were over. */
  dismiss() {
    for (const sentence of this.#shown) sentence.close("gone");
  }

  /** @param {string} words @param {number} ms @param {Offer | null} offer */
  #show(words, ms, offer) {
    const sentence = new Sentence(words, ms, offer, () => this.#closed(sentence));
    this.#shown.add(sentence);
    this.element.append(sentence.element);
    this.#raise();
    return sentence;
  }

  /** Above a dialog that was opened since; by Tab it comes after what was used last. */
  #raise() {
    const source = document.activeElement;
    if (this.element.contains(source)) return;
    if (this.element.matches(":popover-open")) this.element.hidePopover();
    this.element.showPopover(source instanceof HTMLElement && source !== document.body ? { source } : {});
  }

  /** @param {Sentence} sentence */
  #closed(sentence) {
    this.#shown.delete(sentence);
    if (this.#shown.size === 0) this.element.hidePopover();
  }
}

/** One of them; it stays while it is pointed at, or has a keyboard's focus. */
class Sentence {
  #timer = 0;
  #open = true;
  /** Where the focus came from. @type {EventTarget | null} */
  #from = null;

  /** @param {string} words @param {number} ms @param {Offer | null} offer @param {() => void} closed */
  constructor(words, ms, offer, closed) {
    this.ms = ms;
    this.offer = offer;
    this.closed = closed;
    this.element = copy("#toast-template", ".toast");
    find(this.element, ".toast-words", HTMLElement).textContent = words;
    this.button = find(this.element, "button", HTMLButtonElement);
    this.button.hidden = offer === null;
    this.#listen();
    this.#wait();
  }

  /** @param {"undo" | "gone"} how */
  close(how) {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#timer);
    const focused = this.element.contains(document.activeElement);
    this.element.remove();
    this.closed();
    this.offer?.[how]();
    if (focused && this.#from instanceof HTMLElement) this.#from.focus();
  }

  #listen() {
    this.button.addEventListener("click", () => this.close("undo"));
    this.button.addEventListener("focus", ({ relatedTarget }) => {
      this.#from = relatedTarget ?? this.#from; // none where the window comes back
      if (this.button.matches(":focus-visible")) clearTimeout(this.#timer);
    });
    this.element.addEventListener("pointerenter", () => clearTimeout(this.#timer));
    for (const event of ["pointerleave", "focusout"]) this.element.addEventListener(event, () => this.#wait());
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.#open) this.#timer = setTimeout(() => this.close("gone"), this.ms);
  }
}

export const ToastElement = element("chat-toasts", Toast);
