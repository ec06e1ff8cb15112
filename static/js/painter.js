// @ts-check
/** @import {EndFollower} from "./scroll.js" */

/** Collects what has to be drawn and draws it once per animation frame, so that bursts read as flow. */
export class Painter {
  /** @type {Set<{paint: () => void}>} */
  #waiting = new Set();
  #frame = 0;

  /** @param {EndFollower} end */
  constructor(end) {
    this.end = end;
  }

  /** @param {{paint: () => void}} drawable */
  request(drawable) {
    this.#waiting.add(drawable);
    this.#frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Draw now. */
  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (this.#waiting.size === 0) return;
    const drawables = [...this.#waiting];
    this.#waiting.clear();
    this.end.keep(() => drawables.forEach((drawable) => drawable.paint()));
  }
}
