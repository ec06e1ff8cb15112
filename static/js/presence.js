// @ts-check

/** A tab that was hidden for longer than this gives its connections back: a browser has six of them for all its tabs. */
const AWAY_MS = 5_000;

/**
 * Whether somebody is here to read, and when they come back.
 *
 * `back`: the tab is shown again or used again, or the browser is online again.
 * `doubt`: connections may have died without a word: the network came or went, or the tab was away for long.
 */
class Presence extends EventTarget {
  #hiddenAt = document.hidden ? Date.now() : 0;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => this.#turned());
    window.addEventListener("online", () => this.#back(true));
    window.addEventListener("offline", () => this.dispatchEvent(new Event("doubt")));
    window.addEventListener("focus", () => this.#back(false));
    window.addEventListener("pageshow", (event) => event.persisted && this.#back(true));
  }

  /** By the clock on the wall: timers stand still in a tab that is frozen, and while the machine sleeps. */
  get away() {
    return this.#hiddenAt !== 0 && Date.now() - this.#hiddenAt > AWAY_MS;
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} somebody is here, or the signal was given */
  here(signal) {
    if (!this.away || signal.aborted) return Promise.resolve();
    const over = new AbortController();
    return new Promise((resolve) => {
      const end = () => (over.abort(), resolve());
      this.addEventListener("back", () => this.away || end(), { signal: over.signal }); // online again comes to hidden tabs too
      signal.addEventListener("abort", end, { signal: over.signal });
    });
  }

  #turned() {
    const { away } = this;
    this.#hiddenAt = document.hidden ? Date.now() : 0;
    if (!document.hidden) this.#back(away);
  }

  /** @param {boolean} doubt */
  #back(doubt) {
    if (doubt) this.dispatchEvent(new Event("doubt"));
    this.dispatchEvent(new Event("back"));
  }
}

export const presence = new Presence();

/** Given when the page is left, also where the browser keeps it for Back. @param {AbortSignal} over no longer @returns {AbortSignal} */
export function leaving(over) {
  const left = new AbortController();
  window.addEventListener("pagehide", () => left.abort(), { once: true, signal: over });
  return left.signal;
}

/** The page that was left is shown again. @returns {Promise<"away">} */
export function returned() {
  return new Promise((resolve) => window.addEventListener("pageshow", () => resolve("away"), { once: true }));
}

/** At once: what is under way may need a moment to end, which a page that is left does not have. @param {AbortSignal} signal @returns {Promise<never>} */
export function given(signal) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
