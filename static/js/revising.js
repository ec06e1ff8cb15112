// @ts-check
/** @import {Conversation} from "./conversation.js" */
import { idOf } from "./articles.js";
import { ASKED, Editing, WRITTEN } from "./editing.js";
import { rewriteAnswer } from "./server.js";
import { source } from "./sources.js";
import { t } from "./words.js";

/** @typedef {(failed: string, act: () => Promise<unknown>) => Promise<void>} Attempt */

/** Messages written otherwise, in their places: a question is asked anew, an answer stands beside the old one. */
export class Revising {
  #editing = new Editing();

  /**
   * @param {Conversation} conversation
   * @param {{idle: () => boolean, open: Attempt, attempt: Attempt, turned: (id: string) => Promise<void>}} page
   *   To open a field changes nothing, so that what was done before can still be undone.
   */
  constructor(conversation, page) {
    this.conversation = conversation;
    this.page = page;
  }

  get #chatId() {
    return this.conversation.chatId ?? "";
  }

  /** @param {HTMLElement} article @param {string} [text] of an attempt that failed */
  async question(article, text) {
    await this.page.open(t("The question cannot be edited."), async () => {
      const present = text ?? (await source(article, this.#chatId));
      this.#editing.begin(article, present, ASKED, (prompt, close) => (close(), void this.#ask(article, prompt)));
    });
  }

  /** @param {HTMLElement} article @param {string} prompt */
  async #ask(article, prompt) {
    const again = () => void this.question(article, prompt);
    const not = { refused: again, busy: () => (this.page.idle(), again()) };
    const ask = () => this.conversation.askInstead(article, prompt, not).catch((error) => (again(), Promise.reject(error)));
    await this.page.attempt(t("The question cannot be edited."), ask);
  }

  /** @param {HTMLElement} article */
  async answer(article) {
    await this.page.open(t("The answer cannot be edited."), async () => {
      const present = await source(article, this.#chatId);
      this.#editing.begin(article, present, WRITTEN, (written, close) => this.#write(article, written, close));
    });
  }

  /** @param {HTMLElement} article @param {string} written @param {() => void} close */
  async #write(article, written, close) {
    let id = "";
    await this.page.attempt(t("The answer cannot be edited."), async () => {
      ({ _id: id } = await rewriteAnswer(this.#chatId, await idOf(article, this.#chatId), written));
      close();
    });
    if (id) await this.page.attempt(t("The branch cannot be shown."), () => this.page.turned(id));
  }
}
