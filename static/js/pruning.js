// @ts-check
/** @import {Toast} from "./toast.js" */

const UNDO_MS = 6000;

/** Deletes a message and all below it, after a time in which that can be undone. */
export class Pruning {
  /** @type {Promise<void> | null} */
  #done = null;

  /** @param {Toast} toast */
  constructor(toast) {
    this.toast = toast;
  }

  /** @param {HTMLElement[]} articles the message, and those below it on the page @param {() => Promise<void>} remove */
  begin(articles, remove) {
    let undone = () => {};
    const show = (/** @type {boolean} */ yes) => articles.forEach((article) => (article.hidden = !yes));
    const commit = () => remove().catch((error) => (show(true), this.toast.tell(`Nothing was deleted. ${error.message}`)));
    const outcome = new Promise((resolve) => {
      undone = () => (show(true), resolve(undefined));
      const gone = () => void commit().then(resolve);
      this.toast.show(sentence(articles), { ms: UNDO_MS, undo: () => undone(), gone });
    });
    show(false);
    this.#done = outcome.then(() => void (this.#done = null));
  }

  /** What can still be undone is done now, before the chat goes on. @returns {Promise<void>} */
  async finish() {
    if (!this.#done) return;
    this.toast.dismiss();
    await this.#done;
  }
}

/** What goes. @param {HTMLElement[]} articles */
function sentence([first, ...below]) {
  const what = first?.dataset.role === "user" ? "the question" : "the answer";
  const after = below.length === 1 ? " and the message after it" : below.length ? ` and the ${below.length} messages after it` : "";
  const others = below.some(({ dataset }) => dataset.siblings) ? ", with their other branches" : "";
  return `Deleted ${what}${after}${others}.`;
}
