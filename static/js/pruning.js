// @ts-check
/** @import {Toast} from "./toast.js" */
import { said, t, tn } from "./words.js";

/** Deletes a message and all below it, after a time in which that can be undone. */
export class Pruning {
  /** @type {Promise<void> | null} */
  #done = null;
  /** The time in which it can be undone. */
  #end = () => {};

  /** @param {Toast} toast */
  constructor(toast) {
    this.toast = toast;
  }

  /** @param {HTMLElement[]} articles the message, and those below it on the page @param {() => Promise<void>} remove */
  begin(articles, remove) {
    let undone = () => {};
    const show = (/** @type {boolean} */ yes) => articles.forEach((article) => (article.hidden = !yes));
    const commit = () => remove().catch((error) => (show(true), this.toast.tell(`${t("Nothing was deleted.")} ${said(error)}`)));
    const outcome = new Promise((resolve) => {
      undone = () => (show(true), resolve(undefined));
      const gone = () => void commit().then(resolve);
      this.#end = this.toast.offer(sentence(articles), { undo: () => undone(), gone });
    });
    show(false);
    this.#done = outcome.then(() => void (this.#done = null));
  }

  /** What can still be undone is done now, before the chat goes on. @returns {Promise<void>} */
  async finish() {
    if (!this.#done) return;
    this.#end();
    await this.#done;
  }
}

/** What goes. @param {HTMLElement[]} articles */
function sentence([first, ...below]) {
  const others = below.some(({ dataset }) => dataset.siblings) ? ` ${t("Their other branches went with them.")}` : "";
  const { length } = below;
  if (first?.dataset.role === "user") {
    if (length === 0) return t("Deleted the question.");
    return tn("Deleted the question and the message after it.", "Deleted the question and the {number} messages after it.", length) + others;
  }
  if (length === 0) return t("Deleted the answer.");
  return tn("Deleted the answer and the message after it.", "Deleted the answer and the {number} messages after it.", length) + others;
}
