// @ts-check
import { element } from "./element.js";

/** A screen reader hears of changes only: what is said again has to be another text. */
const AGAIN = "\u00a0";

/** Tells a screen reader that something began or ended; the transcript itself is no live region. */
export class Announcer {
  /** @param {HTMLElement} region */
  constructor(region) {
    this.region = region;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.region.textContent = this.region.textContent === sentence ? sentence + AGAIN : sentence;
  }
}

export const AnnouncerElement = element("chat-announcer", Announcer);
