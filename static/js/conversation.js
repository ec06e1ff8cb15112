// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Composer} from "./composer.js" */
/** @import {Notice} from "./notice.js" */
/** @import {Painter} from "./painter.js" */
/** @import {Submission} from "./types.js" */
import { Answer } from "./answer.js";
import { copy, find } from "./dom.js";
import { Exchange } from "./exchange.js";
import { newRequestId } from "./submission.js";

/** What the server could not be asked for, by its answer: Retry sends the same again. @type {WeakMap<Element, Submission>} */
const unsent = new WeakMap();

/** The open chat: asks, retries, stops, and takes up an answer that was running when the page came. */
export class Conversation {
  /** @type {Exchange | null} */
  #current = null;

  /**
   * @param {HTMLElement} main
   * @param {{composer: Composer, painter: Painter, notice: Notice, announcer: Announcer}} page
   * @param {{touched: (chatId: string) => void}} listener
   */
  constructor(main, page, listener) {
    this.main = main;
    this.page = page;
    this.listener = listener;
    this.model = main.dataset.model ?? "the model";
    this.transcript = find(main, "#transcript", HTMLElement);
    this.transcript.addEventListener("submit", (event) => this.#retryPressed(event));
  }

  get running() {
    return this.#current !== null;
  }

  get chatId() {
    return this.main.dataset.chat || null;
  }

  /** @param {string} prompt */
  ask(prompt) {
    const question = copy("#message-template", '[data-role="user"]');
    find(question, ".text", HTMLElement).textContent = prompt;
    const answer = this.#blank();
    this.#welcome(false);
    this.transcript.append(question, answer.article);
    this.page.composer.clear();
    return this.#run(answer, { ...this.#submission(), prompt }, () => {
      question.remove();
      answer.article.remove();
      this.#welcome(this.transcript.children.length === 0);
      this.page.composer.restore(prompt);
    });
  }

  /** Takes up the answer that the page came with in its middle. */
  resume() {
    const article = this.transcript.querySelector('[data-role="assistant"][data-state="running"]:last-of-type');
    if (!(article instanceof HTMLElement) || !article.dataset.run || !this.chatId) return;
    const exchange = this.#exchange(new Answer(article, this.page.painter, this.model));
    return this.#attend(exchange, exchange.resume(article.dataset.run, this.chatId));
  }

  stop() {
    return this.#current?.stop();
  }

  /** @param {Event} event */
  #retryPressed(event) {
    event.preventDefault();
    const old = /** @type {Element} */ (event.target).closest(".message");
    if (!(old instanceof HTMLElement) || this.running) return;
    const answer = this.#blank();
    old.replaceWith(answer.article);
    const again = unsent.get(old) ?? { ...this.#submission(), retry: old.dataset.id };
    this.page.composer.field.focus({ preventScroll: true });
    return this.#run(answer, again, () => answer.article.replaceWith(old));
  }

  /** @param {Answer} answer @param {Submission} submission @param {() => void} undo when nothing of it was saved */
  async #run(answer, submission, undo) {
    this.page.notice.clear();
    this.page.painter.end.toEnd();
    const exchange = this.#exchange(answer);
    await this.#attend(exchange, exchange.submit(submission), undo);
    if (answer.article.dataset.state === "unsent") unsent.set(answer.article, submission);
  }

  /** @param {Exchange} exchange @param {Promise<void>} ended @param {() => void} [undo] */
  async #attend(exchange, ended, undo) {
    this.#current = exchange;
    this.page.composer.running = true;
    this.page.announcer.say("The answer is being written.");
    try {
      await ended;
      this.page.notice.clear();
      this.page.announcer.say(exchange.answer.summary);
    } catch (error) {
      exchange.answer.phase.clear();
      undo?.();
      this.page.notice.show(/** @type {Error} */ (error).message);
    } finally {
      this.#current = null;
      this.page.composer.running = false;
    }
  }

  /** @param {Answer} answer */
  #exchange(answer) {
    return new Exchange(answer, {
      began: ({ chatId }) => this.#began(chatId),
      stopFailed: () => this.page.notice.show("Stop did not reach the server. The answer goes on; press Stop again."),
    });
  }

  /** @param {string} chatId */
  #began(chatId) {
    if (!this.chatId) history.pushState({}, "", `/c/${chatId}`);
    this.main.dataset.chat = chatId;
    this.listener.touched(chatId);
  }

  #blank() {
    return Answer.blank(this.page.painter, this.model);
  }

  /** @returns {Submission} */
  #submission() {
    return { chatId: this.chatId, requestId: newRequestId(), stream: this.page.composer.stream };
  }

  /** @param {boolean} shown */
  #welcome(shown) {
    const welcome = this.main.querySelector("#welcome");
    if (welcome instanceof HTMLElement) welcome.hidden = !shown;
  }
}
