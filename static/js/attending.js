// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Composer} from "./composer.js" */
/** @import {Answer} from "./answer.js" */
/** @import {Notice} from "./notice.js" */
/** @import {Submission} from "./types.js" */
/** @import {Transcript} from "./transcript.js" */
import { Exchange } from "./exchange.js";
import { TabMark } from "./tab-mark.js";
import { Telling } from "./telling.js";
import { t } from "./words.js";

/** The answer that is being written in the open chat: Stop stands for Send meanwhile, and its start and end are announced. */
export class Attending {
  /** @type {Exchange | null} */
  #current = null;
  #done = Promise.resolve();
  #tab = new TabMark();
  #telling = new Telling();

  /**
   * @param {{transcript: Transcript, composer: Composer, notice: Notice, announcer: Announcer}} page
   * @param {{began: (chatId: string) => void, ended: () => void, over: () => void}} listener
   */
  constructor(page, listener) {
    this.page = page;
    this.listener = listener;
  }

  get running() {
    return this.#current !== null;
  }

  stop() {
    return this.#current?.stop();
  }

  /** @returns {Promise<void>} nobody waits for it any more */
  leave() {
    this.#current?.leave();
    return this.#done;
  }

  /** @param {Answer} answer @param {Submission} submission @param {(error: Error) => void} failed when nothing was saved */
  submit(answer, submission, failed) {
    this.page.notice.clear();
    this.page.transcript.painter.end.toEnd();
    const exchange = this.#exchange(answer);
    return (this.#done = this.#attend(exchange, exchange.submit(submission), failed));
  }

  /** @param {Answer} answer @param {string} runId @param {string} chatId */
  resume(answer, runId, chatId) {
    const exchange = this.#exchange(answer);
    return (this.#done = this.#attend(exchange, exchange.resume(runId, chatId), () => {}));
  }

  /** @param {Answer} answer */
  #exchange(answer) {
    return new Exchange(answer, {
      began: ({ chatId }) => this.listener.began(chatId),
      stopFailed: () => this.page.notice.tell(t("Stop did not reach the server. The answer goes on; press Stop again.")),
    });
  }

  /** @param {Exchange} exchange @param {Promise<void>} ended @param {(error: Error) => void} failed when nothing was saved */
  async #attend(exchange, ended, failed) {
    const since = Date.now();
    this.#current = exchange;
    this.page.composer.running = this.#tab.streaming = true;
    this.page.announcer.say(t("The answer is being written."));
    try {
      await ended;
      this.page.notice.clear();
      this.page.announcer.say(exchange.answer.summary);
      void this.#telling.ended(exchange.answer, since);
      this.listener.ended();
    } catch (error) {
      exchange.answer.phase.clear();
      if (!exchange.left) failed(/** @type {Error} */ (error));
    } finally {
      this.#current = null;
      this.page.composer.running = this.#tab.streaming = false;
    }
    this.listener.over();
  }
}
