// @ts-check

// A text with more characters than `LONG` is shown in blocks of whole lines, which a browser lays out one by one, as they
// come into view. chatstream/web/parts.py does the same, with the same numbers.
const LONG = 16_000;
const BLOCK = 1_000;
const LINE = 8_000;

/** A question, to the letter. @param {HTMLElement} element @param {string} text */
export function showQuestion(element, text) {
  element.replaceChildren(...(text.length > LONG ? [...blocks(text)].map(far) : [text]));
}

/** @param {string} text @returns {Generator<string, void, void>} lines that together have `BLOCK` characters or more */
function* blocks(text) {
  for (let at = 0, end = 0; at < text.length; at = end) {
    const found = text.slice(at + BLOCK - 1, at + LINE).indexOf("\n");
    end = found < 0 ? broken(text, at) : at + BLOCK + found;
    yield text.slice(at, end);
  }
}

/** Where a line that is too long is broken. @param {string} text @param {number} at */
function broken(text, at) {
  if (text.length - at <= LINE) return text.length;
  const space = text.slice(at + BLOCK, at + LINE).lastIndexOf(" ");
  if (space >= 0) return at + BLOCK + space + 1;
  return /[\uD800-\uDBFF]/.test(text[at + LINE - 1] ?? "") ? at + LINE - 1 : at + LINE; // two halves of one character stay together
}

/** @param {string} text */
function far(text) {
  const block = document.createElement("span");
  block.className = "text-block text-block-far";
  block.textContent = text;
  return block;
}
