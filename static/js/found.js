// @ts-check
/** @import {Earlier} from "./earlier.js" */

/** What is searched: letters and digits in a row, whatever their case and accents, as in chatstream/store/words.py. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

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
  const ranges = found(message, new Set(words(query)));
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

/** @param {HTMLElement} message @param {Set<string>} wanted @returns {Range[]} */
function found(message, wanted) {
  const ranges = [];
  for (const part of message.querySelectorAll(".text, .answer")) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) ranges.push(...within(node, wanted));
  }
  return ranges;
}

/** @param {Node} node @param {Set<string>} wanted @returns {Range[]} */
function within(node, wanted) {
  const matches = [...(node.textContent ?? "").matchAll(WORD)].filter(([word]) => wanted.has(folded(word)));
  return matches.map(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    return range;
  });
}

/** @param {string} text */
function words(text) {
  return (text.match(WORD) ?? []).map(folded);
}

/** @param {string} word */
function folded(word) {
  return word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
