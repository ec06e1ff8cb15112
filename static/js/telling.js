// @ts-check
/** @import {Answer} from "./answer.js" */
import { chime } from "./chime.js";
import { find } from "./dom.js";
import { notify, withdraw } from "./notifications.js";
import { keep, kept } from "./storage.js";

/** An answer that took longer is told of; for a shorter one nobody goes away. */
const LONG_MS = 10_000;
/** So long another tab has to say that its end was seen there. */
const SEEN_MS = 1_000;
/** So long a tab keeps others from telling the same: what it wrote into the storage, they read a moment later. */
const HELD_MS = 10_000;
/** So many of the latest answers are remembered as told of, or seen. */
const REMEMBERED = 50;
const TOLD = "told";

/** What is to be done when an answer ends, as it was chosen in this browser. */
export const CHOICES = /** @type {const} */ ({ sound: "tell-sound", notification: "tell-notification" });

/** Tells the reader of a long answer's end where nobody saw it: one tab does, of all that show it. */
export class Telling {
  constructor() {
    this.title = find(document, "#chat-title", HTMLElement);
    for (const use of ["pointerdown", "keydown"]) addEventListener(use, () => chosen("sound") && chime.prepare());
    document.addEventListener("visibilitychange", () => this.#seen());
    this.#seen();
  }

  /** @param {Answer} answer @param {number} since when this tab began to wait for it */
  async ended({ id, ending, summary }, since) {
    if (!chosen("sound") && !chosen("notification")) return;
    if (!document.hidden) return void first(id);
    const long = (ending?.timings?.totalMs ?? Date.now() - since) > LONG_MS;
    if (!long || ending?.state === "stopped") return;
    await new Promise((resolve) => setTimeout(resolve, SEEN_MS));
    if (!(await first(id)) || !document.hidden) return;
    if (chosen("sound")) chime.play();
    if (chosen("notification")) void notify({ title: this.title.textContent ?? "", body: summary, path: location.pathname, tag: id });
  }

  #seen() {
    if (!document.hidden && chosen("notification")) void withdraw(location.pathname);
  }
}

/** @param {keyof typeof CHOICES} what */
export function chosen(what) {
  return kept(CHOICES[what]) === "on";
}

/**
 * Of all tabs one is the first to know of an answer's end. The lock decides between those that learn of it at once, for
 * tabs in two processes do not read each other's writes at once; the storage tells the later ones. Where the browser has
 * no locks (a page that did not come over a secure connection), two may be first.
 *
 * @param {string} id
 * @returns {Promise<boolean>}
 */
function first(id) {
  if (!navigator.locks) return Promise.resolve(remember(id));
  return new Promise((resolve) => {
    void navigator.locks.request(`told ${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null && remember(id));
      return lock && new Promise((release) => setTimeout(release, HELD_MS));
    });
  });
}

/** @param {string} id @returns {boolean} whether it was not known */
function remember(id) {
  const known = (kept(TOLD) ?? "").split(" ");
  if (known.includes(id)) return false;
  keep(TOLD, [...known, id].slice(-REMEMBERED).join(" "));
  return true;
}
