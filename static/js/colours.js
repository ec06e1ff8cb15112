// @ts-check
import { keepSelection } from "./selection.js";
import { highlight } from "./server.js";

/** What the server colours: `MOST` of chatstream/reading/colours.py. */
const MOST = 50_000;
/** Parts of code that are coloured in one frame. */
const AT_ONCE = 4;

/** Ends when the last code that was asked for is there: one block is asked for at a time, so that others' have their turn. */
let asked = Promise.resolve();

/** @typedef {[start: number, end: number, kind: string]} Word  Of the whole code, in order. */

/**
 * Give code that came as a stream the colours that the server would have given it. Text and selections in it stay.
 *
 * @param {HTMLElement} code a block that will not change any more: parts of whole lines (markdown/writer.js)
 */
export async function colour(code) {
  const { language } = code.dataset;
  const text = code.textContent ?? "";
  if (!language || text === "" || text.length > MOST) return;
  const words = await inTurn(() => highlight(language, text).catch(() => [])); // it can be read without
  const parts = [...code.children];
  for (let at = 0, begin = 0, done = 0; at < parts.length; at += AT_ONCE) {
    await new Promise(requestAnimationFrame);
    for (const part of parts.slice(at, at + AT_ONCE)) {
      const end = begin + (part.textContent?.length ?? 0);
      while (done < words.length && words[done][1] <= begin) done += 1;
      keepSelection(part, () => part.replaceChildren(...coloured(part.textContent ?? "", begin, words, done)));
      begin = end;
    }
  }
}

/** @param {() => Promise<Word[]>} ask @returns {Promise<Word[]>} */
function inTurn(ask) {
  const words = asked.then(ask);
  asked = words.then(() => {});
  return words;
}

/** @param {string} text @param {number} begin where it stands in the code @param {Word[]} words @param {number} first of them in it */
function coloured(text, begin, words, first) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let at = 0;
  for (let n = first; n < words.length; n += 1) {
    const [start, end, kind] = /** @type {Word} */ (words[n]);
    if (start - begin >= text.length) break;
    const from = Math.max(start - begin, 0);
    const word = document.createElement("span");
    word.className = `code-${kind}`;
    word.textContent = text.slice(from, end - begin);
    nodes.push(text.slice(at, from), word);
    at = end - begin;
  }
  return [...nodes, text.slice(at)].filter((node) => node !== "");
}
