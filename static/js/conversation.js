// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Composer} from "./composer.js" */
/** @import {Notice} from "./notice.js" */
/** @import {Answer} from "./answer.js" */
/** @import {Submission} from "./types.js" */
/** @import {Transcript} from "./transcript.js" */
import { Refusal } from "./server.js";
import { Exchange } from "./exchange.js";
import { Submissions } from "./submission.js";
import { branch, Upkeep } from "./upkeep.js";

/** The open chat: asks, asks again, stops, and takes up an answer that is being written, here or elsewhere. */
export class Conversation {
  /** @type {Exchange | null} */
  #current = null;
  #upkeep;
  #submissions;

  /**
   * @param {HTMLElement} main
   * @param {{transcript: Transcript, composer: Composer, tools: import("./tool-choice.js").ToolChoice, notice: Notice, announcer: Announcer}} page
   * @param {{touched: (chatId: string) => void, ended: (chatId: string) => void, seen: (chat: import("./types.js").Chat) => void, gone: () => void}} listener
   */
  constructor(main, page, listener) {
    this.main = main;
    this.page = page;
    this.listener = listener;
    this.#upkeep = new Upkeep({
      chatId: () => this.chatId,
      busy: () => this.running,
      show: (chat) => (page.transcript.show(chat._id, branch(chat)), page.tools.show(chat.tools), listener.seen(chat), void this.resume()),
      gone: () => listener.gone(),
    });
    this.#submissions = new Submissions(() => ({ chatId: this.chatId, stream: page.composer.stream, ...page.tools.ofNew }));
    page.transcript.element.addEventListener("submit", (event) => this.#againPressed(event));
  }

  get running() {
    return this.#current !== null;
  }

  get chatId() {
    return this.main.dataset.chat || null;
  }
  /** @param {string} prompt */
  ask(prompt) {
    const { answer, remove } = this.page.transcript.add(prompt);
    const submission = this.#submissions.make({ prompt });
    this.page.composer.clear();
    return this.#submit(answer, submission, (error) => {
      if (error instanceof Refusal) {
        remove();
        this.page.composer.restore(prompt);
        return this.page.notice.show(error.message);
      }
      this.#submissions.keep(answer.article, submission);
      answer.end({ state: "unsent" });
      this.page.announcer.say(answer.summary);
    });
  }

  /** Takes up the answer that is being written at the chat's end. */
  resume() {
    const { running } = this.page.transcript;
    if (!running || !this.chatId || this.running) return;
    const exchange = this.#exchange(running.answer);
    return this.#attend(exchange, exchange.resume(running.runId, this.chatId), () => {});
  }

  stop() {
    return this.#current?.stop();
  }

  /** The chat may have gone on elsewhere. */
  catchUp() {
    return this.#upkeep.news();
  }

  /** The chat is gone: what is left is a new one, and what was typed. */
  leave() {
    this.#current?.leave();
    const unsaid = this.page.transcript.clear();
    if (unsaid) this.page.composer.restore(unsaid);
    this.main.dataset.chat = "";
    history.replaceState({}, "", "/");
  }

  /** @param {SubmitEvent} event Retry or Continue: the new answer takes the place of the old one, which comes back if nothing was saved. */
  #againPressed(event) {
    event.preventDefault();
    const old = /** @type {Element} */ (event.target).closest(".message");
    const button = event.submitter;
    if (!(old instanceof HTMLElement) || !(button instanceof HTMLButtonElement) || this.running) return;
    const { transcript } = this.page;
    const answer = button.name === "continue" ? transcript.after(old) : transcript.blank();
    const submission = this.#submissions.again(old, button.name);
    old.replaceWith(answer.article);
    this.page.composer.focus(answer.article);
    return this.#submit(answer, submission, (error) => {
      answer.article.replaceWith(old);
      if (!(error instanceof Refusal)) this.#submissions.keep(old, submission);
      const sentence = `The server could not be reached. Press ${button.textContent} again.`;
      this.page.notice.tell(error instanceof Refusal ? error.message : sentence);
    });
  }

  /** @param {Answer} answer @param {Submission} submission @param {(error: Error) => void} failed when nothing was saved */
  #submit(answer, submission, failed) {
    this.page.notice.clear();
    this.page.transcript.painter.end.toEnd();
    const exchange = this.#exchange(answer);
    return this.#attend(exchange, exchange.submit(submission), failed);
  }

  /** @param {Exchange} exchange @param {Promise<void>} ended @param {(error: Error) => void} failed */
  async #attend(exchange, ended, failed) {
    this.#current = exchange;
    this.page.composer.running = true;
    this.page.announcer.say("The answer is being written.");
    try {
      await ended;
      this.page.notice.clear();
      this.page.announcer.say(exchange.answer.summary);
      if (this.chatId) this.listener.ended(this.chatId);
    } catch (error) {
      exchange.answer.phase.clear();
      if (!exchange.left) failed(/** @type {Error} */ (error));
    } finally {
      this.#current = null;
      this.page.composer.running = false;
    }
    void this.#upkeep.look();
  }

  /** @param {Answer} answer */
  #exchange(answer) {
    return new Exchange(answer, {
      began: ({ chatId }) => this.#began(chatId),
      stopFailed: () => this.page.notice.tell("Stop did not reach the server. The answer goes on; press Stop again."),
    });
  }

  /** @param {string} chatId */
  #began(chatId) {
    if (!this.chatId) history.pushState({}, "", `/c/${chatId}`);
    this.main.dataset.chat = chatId;
    this.listener.touched(chatId);
  }
}
