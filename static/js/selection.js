// @ts-check

// What a reader has selected stays selected when the page changes what stands there.

/** @typedef {[node: Node, offset: number]} Place */

/** @param {Element} element whose text stays the same @param {() => void} change */
export function keepSelection(element, change) {
  const { ends, inside } = selectedIn(element);
  const before = ends.map(([node, offset], at) => (inside[at] ? distance(element, node, offset) : 0));
  change();
  if (inside.includes(true)) select(ends.map((end, at) => (inside[at] ? place(element, before[at]) : end)));
}

/** What is selected in part becomes so as a whole. @param {Element} element whose text becomes another @param {() => void} change */
export function keepSelected(element, change) {
  const { ends, inside, backward } = selectedIn(element);
  change();
  if (!inside.includes(true)) return;
  const range = document.createRange();
  range.selectNode(element);
  /** @type {Place[]} */
  const around = [
    [range.startContainer, range.startOffset],
    [range.endContainer, range.endOffset],
  ];
  if (backward) around.reverse();
  select(ends.map((end, at) => (inside[at] ? around[at] : end)));
}

/** @param {Element} element @returns {{ends: Place[], inside: boolean[], backward: boolean}} nothing inside, where nothing is selected */
function selectedIn(element) {
  const selection = getSelection();
  if (!selection?.anchorNode || !selection.focusNode || selection.isCollapsed) return { ends: [], inside: [], backward: false };
  /** @type {Place[]} */
  const ends = [
    [selection.anchorNode, selection.anchorOffset],
    [selection.focusNode, selection.focusOffset],
  ];
  const { startContainer, startOffset } = selection.getRangeAt(0);
  const backward = startContainer !== selection.anchorNode || startOffset !== selection.anchorOffset;
  return { ends, inside: ends.map(([node]) => element.contains(node)), backward };
}

/** @param {(Place | undefined)[]} ends */
function select([anchor, focus]) {
  if (anchor && focus) getSelection()?.setBaseAndExtent(...anchor, ...focus);
}

/** How much text stands before a place in an element. @param {Element} element @param {Node} node @param {number} offset */
function distance(element, node, offset) {
  const range = document.createRange();
  range.setStart(element, 0);
  range.setEnd(node, offset);
  return range.toString().length;
}

/** @param {Element} element @param {number | undefined} length @returns {Place} the place with so much text before it */
function place(element, length = 0) {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let left = length;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const size = node.nodeValue?.length ?? 0;
    if (left <= size) return [node, left];
    left -= size;
  }
  return [element, element.childNodes.length];
}
