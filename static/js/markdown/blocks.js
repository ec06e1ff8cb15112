// @ts-check
/** @import {Sink} from "./structure.js" */
import { Line } from "./line.js";
import { decided } from "./starts.js";
import { Structure } from "./structure.js";

/**
 * Markdown as it is written: whole lines, and of the last one what is there, as soon as its beginning tells how it is to be
 * taken. Each character is looked at once.
 */
export class Blocks {
  #structure;
  /** Of the last line, what waits; and whether a part of it was told before. */
  #rest = "";
  #begun = false;

  /** @param {Sink} sink */
  constructor(sink) {
    this.#structure = new Structure(sink);
  }

  /** @param {string} text */
  write(text) {
    const whole = (this.#rest + text).replace(/\r\n|\r(?!$)/g, "\n").replaceAll("\0", "\uFFFD");
    let at = 0;
    for (let end; (end = whole.indexOf("\n", at)) >= 0; at = end + 1) this.#line(whole.slice(at, end), true);
    this.#rest = whole.slice(at);
    if (this.#ready) this.#line(this.#rest, false);
    this.#structure.leaf.show();
  }

  end() {
    if (this.#begun || this.#rest.trim() !== "") this.#line(this.#rest.replace(/\r$/, ""), true);
    this.#structure.closeTo(0);
  }

  get #ready() {
    if (this.#rest === "" || this.#rest.endsWith("\r")) return false;
    if (this.#begun) return true;
    return this.#structure.takes(new Line(this.#rest)) ?? decided(this.#rest);
  }

  /** @param {string} text @param {boolean} whole whether the line ends here */
  #line(text, whole) {
    if (this.#begun) this.#structure.leaf.more(text);
    else this.#structure.begin(new Line(text));
    if (whole) this.#structure.leaf.endLine();
    this.#begun = !whole;
    this.#rest = "";
  }
}
