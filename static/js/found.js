// @ts-check
/** @import {Earlier} from "./earlier.js" */

/** What is searched: letters and digits in a row, whatever their case and accents, as in chatstream/store/words.py. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** Characters from which the last word may be the beginning of one, and where scripts begin that need fewer: as there. */
const BEGUN = { letters: 3, ideographs: 2, from: "\u2E80" };

/** About so many words are marked. */
const MOST = 1000;

/**
 * Go to the message that a search found, and mark its words there.
 *
 * @param {string} id of a message on the branch that is shown
 * @param {string} query
 * @param {Earlier} earlier leads there, where it stands further up
 * @returns {Promise<boolean>} false where it was not reached, and the reader waits
 */
export async function goToFound(id, query, earlier) {
  const acted = watched();
  const message = await reached(`m-${id}`, earlier, acted);
  if (!message) return acted();
  const ranges = found(message, sought(query));
  if (CSS.highlights) mark(ranges);
  if (!acted()) (ranges[0]?.startContainer.parentElement ?? message).scrollIntoView({ block: "center" });
  return true;
}

/** @param {Range[]} ranges */
function mark(ranges) {
  const marks = new Highlight();
  for (const range of ranges) marks.add(range);
  CSS.highlights.set("found", marks);
}

/** Whether the reader has begun to do something: then nobody moves the page. @returns {() => boolean} */
function watched() {
  let acted = false;
  for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(kind, () => (acted = true), { once: true, passive: true });
  }
  return () => acted;
}

/** @param {string} id @param {Earlier} earlier @param {() => boolean} acted @returns {Promise<HTMLElement | null>} */
async function reached(id, earlier, acted) {
  for (;;) {
    const message = document.getElementById(id);
    if (message || acted() || !(await earlier.load().catch(() => false))) return message;
  }
}

/** @param {string} query @returns {(word: string) => boolean} whether a word of a message is one of these */
function sought(query) {
  const wanted = (query.match(WORD) ?? []).map(folded);
  const last = wanted.at(-1) ?? "";
  const begun = last.length >= (last < BEGUN.from ? BEGUN.letters : BEGUN.ideographs);
  const whole = new Set(wanted);
  return (word) => whole.has(folded(word)) || (begun && folded(word).startsWith(last));
}

/** @param {HTMLElement} message @param {(word: string) => boolean} wanted @returns {Range[]} */
function found(message, wanted) {
  const ranges = [];
  for (const part of message.querySelectorAll(".text, .answer")) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) ranges.push(...within(node, wanted));
  }
  return ranges;
}

/** @param {Node} node @param {(word: string) => boolean} wanted @returns {Range[]} */
function within(node, wanted) {
  const matches = [...(node.textContent ?? "").matchAll(WORD)].filter(([word]) => wanted(word));
  return matches.map(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    return range;
  });
}

/** @param {string} word */
function folded(word) {
  return word.toLowerCase().normalize("NFD").replace(/[\u0300-\u036F]/g, "").normalize("NFC");
}
