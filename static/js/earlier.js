// @ts-check
/** @import {EndFollower} from "./scroll.js" */
import { find } from "./dom.js";
import { Refusal } from "./server.js";

/** How far above the window's upper edge the next part is asked for. */
const AHEAD = "1200px 0px 0px 0px";

/**
 * The messages before those that the page shows. Its link leads to a page that has a part of them, and another link to
 * those before; both are taken in here when the reader comes near, and nothing that is being read moves.
 */
export class Earlier {
  /** @type {Promise<boolean> | null} */
  #loading = null;

  /** @param {HTMLElement} element around the link; hidden when there is nothing earlier @param {HTMLElement} transcript @param {EndFollower} end */
  constructor(element, transcript, end) {
    this.element = element;
    this.transcript = transcript;
    this.end = end;
    this.link = find(element, "a", HTMLAnchorElement);
    this.link.addEventListener("click", (event) => this.#clicked(event));
    new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && this.#near(), { rootMargin: AHEAD }).observe(element);
  }

  /** The page now begins elsewhere. @param {string | null} address of what comes before; null for nothing */
  lead(address) {
    this.element.hidden = address === null;
    this.link.href = address ?? "";
  }

  /** Take in the part before. @returns {Promise<boolean>} whether there was one */
  load() {
    if (this.element.hidden) return Promise.resolve(false);
    return (this.#loading ??= this.#next().finally(() => (this.#loading = null)));
  }

  #near() {
    this.load().catch(() => {}); // the link is still there
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.load().catch(() => location.assign(this.link.href));
  }

  async #next() {
    const { href } = this.link;
    const page = await read(href);
    if (href === this.link.href) this.#take(page);
    return true;
  }

  /** @param {Document} page */
  #take(page) {
    const first = this.transcript.firstElementChild;
    const messages = document.createDocumentFragment();
    messages.append(...page.querySelectorAll("#transcript > .message"));
    const further = find(page, "#earlier", HTMLElement);
    this.end.keepInPlace(first, () => {
      this.transcript.prepend(messages);
      this.lead(further.hidden ? null : find(further, "a", HTMLAnchorElement).getAttribute("href"));
    });
  }
}

/** @param {string} address @returns {Promise<Document>} */
async function read(address) {
  const response = await fetch(address);
  if (!response.ok) throw await Refusal.of(response);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
