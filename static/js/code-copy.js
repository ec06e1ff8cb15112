// @ts-check
import { copyText } from "./clipboard.js";
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
  const copied = copyText(Promise.resolve(code.textContent ?? ""));
  button.textContent = await copied.then(() => t("Copied"), () => t("Not copied"));
  setTimeout(() => (button.textContent = t("Copy")), SAID_MS);
}
