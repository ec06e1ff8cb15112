// @ts-check
/** @import {Sink} from "./structure.js" */
import { Line } from "./line.js";
import { decided } from "./starts.js";
import { Structure } from "./structure.js";

/** A line's beginning that is no longer is looked at with each piece. */
const SHORT = 200;

/**
 * Markdown as it is written: whole lines, and of the last one what is there, as soon as its beginning tells how it is to be
 * taken. Each character is looked at once.
 */
export class Blocks {
  #structure;
  /** Of the last line, what waits; and whether a part of it was told before. */
  #rest = "";
  #begun = false;
  /** A carriage return at the end, which a line feed may follow. */
  #return = "";
  /** So long was what waits when it was last looked at. */
  #looked = 0;

  /** @param {Sink} sink */
  constructor(sink) {
    this.#structure = new Structure(sink);
  }

  /** @param {string} text */
  write(text) {
    const came = this.#normal(text);
    let at = 0;
    for (let end; (end = came.indexOf("\n", at)) >= 0; at = end + 1) this.#line(this.#rest + came.slice(at, end), true);
    this.#rest += came.slice(at);
    if (this.#ready()) this.#line(this.#rest, false);
    this.#structure.leaf.show();
  }

  end() {
    if (this.#begun || this.#rest.trim() !== "") this.#line(this.#rest, true);
    this.#structure.closeTo(0);
  }

  /** @param {string} text */
  #normal(text) {
    const came = (this.#return + text).replace(/\r\n|\r(?!$)/g, "\n").replaceAll("\0", "\uFFFD");
    this.#return = came.endsWith("\r") ? "\r" : "";
    return this.#return ? came.slice(0, -1) : came;
  }

  /** A line that tells nothing for long is looked at when it is twice as long: in all, no longer than it takes to read it twice. */
  #ready() {
    if (this.#rest === "") return false;
    if (this.#begun) return true;
    if (this.#rest.length > SHORT && this.#rest.length < 2 * this.#looked) return false;
    this.#looked = this.#rest.length;
    return this.#structure.takes(new Line(this.#rest)) ?? decided(this.#rest);
  }

  /** @param {string} text @param {boolean} whole whether the line ends here */
  #line(text, whole) {
    if (this.#begun) this.#structure.leaf.more(text);
    else this.#structure.begin(new Line(text));
    if (whole) this.#structure.leaf.endLine();
    this.#begun = !whole;
    this.#rest = "";
    this.#looked = 0;
  }
}
