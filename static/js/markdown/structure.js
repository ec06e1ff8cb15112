// @ts-check
/** @import {Line} from "./line.js" */
/** @import {Align} from "./table.js" */
import { Leaf } from "./leaf.js";
import { fence, headingLevel, interrupts, isRule, item } from "./starts.js";

/**
 * @typedef {{kind: "quote"} | {kind: "list", mark: string} | {kind: "item", indent: number, empty: boolean}} Container
 * @typedef {object} Sink  Takes the blocks as they begin, grow and end. What was closed never changes.
 * @property {(tag: string, attributes?: Record<string, string>) => void} open  a block inside the one that is open
 * @property {() => void} close
 * @property {() => void} drop  the open block was none
 * @property {(source: string, ended: boolean) => void} inline  the text of the open block so far
 * @property {(text: string) => void} code  more text of the open block of code
 * @property {(columns: Align[], cells: string[]) => void} row  of the open table; the first is its head
 */

/** So many quotes, lists and items stand in each other; what is deeper is text. chatstream/reading/grammar.py has the same bound. */
const DEEPEST = 90;

/** The blocks that are open, by CommonMark's rules: quotes, lists and their items, and the one that takes text. */
export class Structure {
  /** @type {Container[]} */
  #open = [];

  /** @param {Sink} sink */
  constructor(sink) {
    this.sink = sink;
    this.leaf = new Leaf(sink);
  }

  /** Whether the open block takes this line, of which more may come; undefined where the line itself has to tell. @param {Line} line */
  takes(line) {
    if (this.leaf.kind === "table") return false;
    if (this.leaf.kind !== "fence" || this.#matched(line) < this.#open.length) return undefined;
    return !line.blank && !/^(?:`+|~+)[ \t]*$/.test(line.rest.trimStart());
  }

  /** @param {Line} line */
  begin(line) {
    this.leaf.beginLine();
    const depth = this.#matched(line);
    const inside = depth === this.#open.length;
    if (inside && this.leaf.goesOn(line)) return;
    const paragraph = this.leaf.kind === "paragraph";
    const at = this.#begun(line, depth, inside && paragraph);
    if (at < 0) return;
    if (line.blank) return this.closeTo(at, true);
    if (paragraph && this.leaf.kind === "paragraph" && at === depth) return this.leaf.more(`\n${line.rest.trimStart()}`);
    this.closeTo(at);
    if (line.indent >= 4) this.leaf.openCode(line);
    else this.leaf.openText("paragraph", "p", line.rest.trimStart());
  }

  /** Close what is deeper. @param {number} depth @param {boolean} [lists] a list stays open for another item */
  closeTo(depth, lists = false) {
    this.leaf.close();
    while (this.#open.length > depth) this.#pop();
    while (!lists && this.#open.at(-1)?.kind === "list") this.#pop();
  }

  #pop() {
    this.#open.pop();
    this.sink.close();
  }

  /** How many of the open containers the line is in; what makes it so is read. @param {Line} line */
  #matched(line) {
    const at = this.#open.findIndex((container) => !continues(container, line));
    return at < 0 ? this.#open.length : at;
  }

  /** Containers and blocks that begin with the line. @param {Line} line @param {number} depth @param {boolean} interrupting a paragraph
   * @returns {number} the depth of what is left of the line; less than 0 where nothing is */
  #begun(line, depth, interrupting) {
    let at = depth;
    while (line.indent < 4 && !line.blank) {
      const text = line.rest.trimStart();
      const found = item(text);
      const deep = this.#level(at) >= DEEPEST;
      if (text.startsWith(">") && !deep) this.#openQuote(line, at);
      else if (this.#wholeBlock(text, line, at)) return -1;
      else if (!found || deep || (interrupting && at === depth && !interrupts(found, text))) break;
      else this.#openItem(found, line, at);
      at = this.#open.length;
    }
    return at;
  }

  /** How deep a block stands that begins there: in no list but an item. @param {number} at */
  #level(at) {
    return this.#open[at - 1]?.kind === "list" ? at - 1 : at;
  }

  /** @param {Line} line @param {number} at */
  #openQuote(line, at) {
    this.closeTo(at);
    this.#open.push({ kind: "quote" });
    this.sink.open("blockquote");
    line.take(1);
    line.skip(1);
  }

  /** @param {NonNullable<ReturnType<typeof item>>} found @param {Line} line @param {number} at */
  #openItem({ ordered, mark, start, width }, line, at) {
    const list = this.#open[at - 1];
    const same = list?.kind === "list" && list.mark === mark;
    this.closeTo(at, same);
    if (!same) {
      this.#open.push({ kind: "list", mark });
      this.sink.open(ordered ? "ol" : "ul", ordered && start !== 1 ? { start: String(start) } : {});
    }
    const before = line.indent + width;
    line.take(width);
    const space = line.blank || line.indent > 4 ? 1 : line.indent;
    line.skip(space);
    this.#open.push({ kind: "item", indent: before + space, empty: line.blank });
    this.sink.open("li");
  }

  /** A block that is told by one line. @param {string} text @param {Line} line @param {number} at */
  #wholeBlock(text, line, at) {
    const level = headingLevel(text);
    const fenced = fence(text);
    if (!level && !fenced && !isRule(text)) return false;
    this.closeTo(at);
    if (level) this.leaf.openText("heading", `h${level}`, text.slice(level).trimStart());
    else if (fenced) this.leaf.openFence(fenced, line.indent);
    else (this.sink.open("hr"), this.sink.close());
    return true;
  }
}

/** @param {Container} container @param {Line} line */
function continues(container, line) {
  if (container.kind === "list") return true;
  if (container.kind === "item") {
    if (line.blank) return !container.empty;
    if (line.indent < container.indent) return false;
    line.skip(container.indent);
    container.empty = false;
    return true;
  }
  if (line.indent >= 4 || !line.rest.trimStart().startsWith(">")) return false;
  line.take(1);
  line.skip(1);
  return true;
}
