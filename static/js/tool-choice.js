// @ts-check
import { changeChat } from "./server.js";

const BOXES = "#tools input";

/** Whether the open chat lets its model run this tool here. @param {string} name */
export function allows(name) {
  return boxes().some((box) => box.checked && box.value === name);
}

/** The tools that the open chat allows: kept by it, and for a new one sent with its first question. None where the server has none. */
export class ToolChoice {
  /** As the server has them. */
  #kept = this.chosen;
  #saving = Promise.resolve();

  /** @param {() => string | null} chatId @param {(error: Error) => void} failed nothing was changed then */
  constructor(chatId, failed) {
    this.chatId = chatId;
    this.failed = failed;
    for (const box of boxes()) box.addEventListener("change", () => this.#save());
  }

  /** What the first question of a new chat takes with it. */
  get ofNew() {
    return this.chatId() || this.chosen.length === 0 ? {} : { tools: this.chosen };
  }

  /** The names. @returns {string[]} */
  get chosen() {
    return boxes().flatMap((box) => (box.checked ? [box.value] : []));
  }

  /** As the chat has them. @param {string[]} names */
  show(names) {
    for (const box of boxes()) box.checked = names.includes(box.value);
    this.#kept = this.chosen;
  }

  /** A new chat has begun, with these tools; what was chosen since is to be kept as well. @param {string[]} names */
  begun(names) {
    this.#kept = names;
    if (String(names) !== String(this.chosen)) this.#save();
  }

  /** One change after the other, so that the last one lasts. */
  #save() {
    this.#saving = this.#saving.then(async () => {
      const id = this.chatId();
      const { chosen } = this;
      if (!id) return;
      try {
        await changeChat(id, { tools: chosen });
        this.#kept = chosen;
      } catch (error) {
        this.show(this.#kept);
        this.failed(/** @type {Error} */ (error));
      }
    });
  }
}

/** @returns {HTMLInputElement[]} */
function boxes() {
  return [...document.querySelectorAll(BOXES)].filter((box) => box instanceof HTMLInputElement);
}
