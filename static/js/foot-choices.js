// @ts-check
import { find } from "./dom.js";

const OPEN = ".foot-choice[open]";

document.addEventListener("click", ({ target }) => {
  const open = document.querySelector(OPEN);
  if (open instanceof HTMLDetailsElement && !(target instanceof Node && open.contains(target))) open.open = false;
});

/** Of the choices at the foot of the list of chats. @returns {boolean} whether one was open */
export function closeFootChoice() {
  const open = document.querySelector(OPEN);
  if (!(open instanceof HTMLDetailsElement)) return false;
  open.open = false;
  find(open, "summary", HTMLElement).focus();
  return true;
}
