// @ts-check
/** @import {Answer} from "./answer.js" */
/** @import {Ending, Frame, Ids, Message, NumberedFrame, Submission} from "./types.js" */
import { Refusal, stopRun } from "./server.js";
import { readEnded, recorded } from "./run.js";
import { SharedRun } from "./shared-run.js";
import { Source } from "./sources.js";
import { fetchWhole, openStream } from "./submission.js";
import { t } from "./words.js";

/** One answer from its submission, or from a reload in its middle, to its end. */
export class Exchange {
  #aborter = new AbortController();
  #runId = "";
  #chatId = "";
  #stopping = false;
  #awaited = "";
  #submission = /** @type {Submission | null} */ (null);

  /**
   * @param {Answer} answer
   * @param {{began: (ids: Ids) => void, stopFailed: (error: Error) => void}} listener
   */
  constructor(answer, listener) {
    this.answer = answer;
    this.source = new Source(answer.article);
    this.listener = listener;
  }

  /**
   * @param {Submission} submission
   * @returns {Promise<void>} the answer has ended; throws a Refusal when nothing was saved, and what the network threw
   *   when the server was not reached
   */
  async submit(submission) {
    this.#submission = submission;
    this.#await(submission.stream ? t("Connecting") : t("Waiting for the whole answer"));
    try {
      await (submission.stream ? this.#stream(submission) : this.#whole(submission));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {string} runId @param {string} chatId The run's frames from the first: what the page shows may lag behind them. */
  async resume(runId, chatId) {
    this.#runId = runId;
    this.#chatId = chatId;
    this.#await(t("Waiting for {model}", { model: this.answer.model }));
    await this.#follow(0);
  }

  /** The run is asked to finish; its last frame then ends the answer. */
  async stop() {
    this.#stopping = true;
    this.answer.phase.show(t("Stopping"));
    try {
      this.#runId ||= await this.#findRun();
      if (this.#runId) await stopRun(this.#runId);
    } catch (error) {
      this.#stopping = false;
      this.answer.phase.clear();
      this.answer.wait(this.#awaited);
      this.listener.stopFailed(/** @type {Error} */ (error));
    }
  }

  /** Nobody waits for it any more. */
  leave() {
    this.#aborter.abort();
  }

  get left() {
    return this.#aborter.signal.aborted;
  }

  /** @param {string} words */
  #await(words) {
    this.#awaited = words;
    this.answer.wait(words);
  }

  /** A whole answer names its run only once it is there; the same submission, streamed, names it at once. */
  async #findRun() {
    if (!this.#submission || this.#submission.stream) return "";
    const { ids, rest } = await openStream({ ...this.#submission, stream: true }, this.#aborter.signal);
    await rest.return();
    return ids.runId;
  }

  /** @param {Submission} submission */
  async #stream(submission) {
    const { ids, after, rest } = await openStream(submission, this.#aborter.signal);
    this.#began(ids);
    if (!this.#stopping) this.#await(t("Waiting for {model}", { model: this.answer.model }));
    await this.#follow(after, rest);
  }

  /** @param {Submission} submission */
  async #whole(submission) {
    const whole = await fetchWhole(submission, this.#aborter.signal);
    this.#began(whole);
    this.#settle({ ...whole, _id: whole.messageId, content: whole.completion });
  }

  /** @param {Ids} ids */
  #began(ids) {
    this.#runId = ids.runId;
    this.#chatId = ids.chatId;
    this.answer.identify(ids);
    this.listener.began(ids);
    if (this.#stopping) this.stop();
  }

  /** @param {number} after @param {AsyncGenerator<NumberedFrame, void, void>} [open] */
  async #follow(after, open) {
    const { phase } = this.answer;
    const run = new SharedRun(recorded(this.#runId), after, { frame: (data) => this.#take(data), connected: (yes) => phase.connected(yes) });
    if ((await run.follow(this.#aborter.signal, open)) === "gone") await this.#readBack();
  }

  /** @param {Frame} frame */
  #take(frame) {
    if (!frame.state) return this.source.add(frame.text), this.answer.take(frame);
    this.source.end();
    this.answer.end(/** @type {Ending} */ (frame));
  }

  /** The run has ended and its frames are not kept: its message is. */
  async #readBack() {
    const message = await readEnded(this.#chatId, this.answer.id, this.#aborter.signal);
    if (message) this.#settle(message);
    else this.answer.end({ state: "missing" });
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof Refusal) || !error.body.messageId) throw error;
    const { messageId, completion, state, code, toolCalls } = error.body;
    this.#began(/** @type {Ids} */ (error.body));
    this.#settle({ _id: messageId, content: completion ?? "", toolCalls, state, error: { message: error.message, code } });
  }

  /** @param {Message} message */
  #settle(message) {
    this.source.end(message.content);
    this.answer.settle(message);
  }
}
