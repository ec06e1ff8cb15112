// @ts-check
/** @import {Node, Token, Written} from "./inline.js" */

/** The elements in each other; a link in a link, as around an image, is its text. @param {Token[]} tokens @returns {Node[]} */
export function tree(tokens) {
  /** @type {Node[][]} */
  const open = [[]];
  /** @type {string[]} */
  const tags = [];
  for (const token of tokens) {
    const here = /** @type {Node[]} */ (open.at(-1));
    const last = here.at(-1);
    if (token.type === "open") {
      const { tag, attributes } = token;
      const inside = (tag === "a" || tag === "span") && tags.includes("a");
      tags.push(tag);
      open.push(inside ? here : []);
      if (inside) continue;
      here.push({ type: "element", tag, attributes, children: /** @type {Node[]} */ (open.at(-1)) });
    } else if (token.type === "close") (open.pop(), tags.pop());
    else if (token.type === "text") write(here, token.text);
    else {
      if (token.type === "math" && token.display && last?.type === "text") trim(here, last);
      here.push({ ...token });
    }
  }
  return open[0] ?? [];
}

/** A displayed formula stands on lines of its own: line breaks beside it would be empty lines. @param {Node[]} here @param {string} text */
function write(here, text) {
  const last = here.at(-1);
  const shown = last?.type === "math" && last.display ? text.replace(/^\n+/, "") : text;
  if (last?.type === "text") last.text += shown;
  else if (shown !== "") here.push({ type: "text", text: shown });
}

/** @param {Node[]} here @param {Written} last */
function trim(here, last) {
  last.text = last.text.replace(/\n+$/, "");
  if (last.text === "") here.pop();
}
