// @ts-check
/** @import {Earlier} from "./earlier.js" */

/** What is searched: letters and digits in a row, whatever their case and accents, as in chatstream/store/words.py. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/**
 * Go to the message that a search found, and mark its words there.
 *
 * @param {URLSearchParams} address `at`: the message's id; `q`: the words
 * @param {Earlier} earlier leads there, where it stands further up
 * @returns {Promise<boolean>} false where it is not on the branch that is shown
 */
export async function goToFound(address, earlier) {
  const message = await reached(`m-${address.get("at")}`, earlier);
  if (!message) return false;
  const ranges = found(message, new Set(words(address.get("q") ?? "")));
  CSS.highlights?.set("found", new Highlight(...ranges));
  (ranges[0]?.startContainer.parentElement ?? message).scrollIntoView({ block: "center" });
  return true;
}

/** @param {string} id @param {Earlier} earlier @returns {Promise<HTMLElement | null>} */
async function reached(id, earlier) {
  for (;;) {
    const message = document.getElementById(id);
    if (message || !(await earlier.load().catch(() => false))) return message;
  }
}

/** @param {HTMLElement} message @param {Set<string>} wanted @returns {Range[]} */
function found(message, wanted) {
  const ranges = [];
  for (const part of message.querySelectorAll(".text, .answer")) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) ranges.push(...within(node, wanted));
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
