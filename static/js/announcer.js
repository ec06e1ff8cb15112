// @ts-check

/** Tells a screen reader that something began or ended; the transcript itself is no live region. */
export class Announcer {
  /** @param {HTMLElement} region */
  constructor(region) {
    this.region = region;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.region.textContent = sentence;
  }
}
