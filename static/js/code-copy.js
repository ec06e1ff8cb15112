// @ts-check
import { find } from "./dom.js";
import { t } from "./words.js";

const SAID_MS = 2000;

/** The buttons that copy a block of code, wherever they come to stand in an element. @param {HTMLElement} element */
export function letCopy(element) {
  element.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest(".code-copy");
    if (button instanceof HTMLElement) void copyBeside(button);
  });
}

/** @param {HTMLElement} button */
async function copyBeside(button) {
  const code = find(/** @type {Element} */ (button.closest(".code")), "code", HTMLElement);
  button.textContent = (await copied(code)) ? t("Copied") : t("Not copied");
  setTimeout(() => (button.textContent = t("Copy")), SAID_MS);
}

/** @param {HTMLElement} code @returns {Promise<boolean>} */
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return true;
  } catch {
    return copiedBySelection(code); // without https a page has no clipboard of its own
  }
}

/** @param {HTMLElement} code */
function copiedBySelection(code) {
  const selection = getSelection();
  selection?.selectAllChildren(code);
  const done = document.execCommand("copy");
  selection?.removeAllRanges();
  return done;
}
