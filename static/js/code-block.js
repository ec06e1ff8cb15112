// @ts-check
import { copyText } from "./clipboard.js";
import { find } from "./dom.js";
import { element } from "./element.js";
import { t } from "./words.js";

const SAID_MS = 2000;

/** Code in its frame, of an answer that is written or was: its button copies it. */
class CodeBlock {
  /** @param {HTMLElement} block */
  constructor(block) {
    this.block = block;
    this.button = find(block, ".code-copy", HTMLElement);
    this.button.addEventListener("click", () => void this.#copy());
  }

  async #copy() {
    const code = find(this.block, "code", HTMLElement);
    const copied = copyText(Promise.resolve(code.textContent ?? ""));
    this.button.textContent = await copied.then(() => t("Copied"), () => t("Not copied"));
    setTimeout(() => (this.button.textContent = t("Copy")), SAID_MS);
  }
}

element("code-block", CodeBlock);
