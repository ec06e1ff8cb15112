// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Composer} from "./composer.js" */
/** @import {Notice} from "./notice.js" */
/** @import {Answer} from "./answer.js" */
/** @import {Submission} from "./types.js" */
/** @import {Transcript} from "./transcript.js" */
import { idOf, parentOf } from "./articles.js";
import { Attending } from "./attending.js";
import { branch } from "./branches.js";
import { Refusal } from "./server.js";
import { Submissions } from "./submission.js";
import { Upkeep } from "./upkeep.js";
import { said, t } from "./words.js";

/** The open chat: asks, asks again, stops, and takes up an answer that is being written, here or elsewhere. */
export class Conversation {
  #upkeep;
  #submissions;
  #attending;
  /** How the next showing leaves the reader in place. @type {Parameters<Transcript["show"]>[2]} */
  #move;

  /**
   * @param {HTMLElement} main
   * @param {{transcript: Transcript, composer: Composer, choices: import("./choices.js").Choices, notice: Notice, announcer: Announcer}} page
   * @param {{touched: (chatId: string) => void, ended: (chatId: string) => void, seen: (chat: import("./types.js").Chat) => void, gone: () => void}} listener
   */
  constructor(main, page, listener) {
    this.main = main;
    this.page = page;
    this.listener = listener;
    this.#upkeep = new Upkeep({
      chatId: () => this.chatId,
      busy: () => this.running,
      show: (chat) => this.#show(chat),
      gone: () => listener.gone(),
    });
    this.#attending = new Attending(page, {
      began: (chatId) => this.#began(chatId),
      ended: () => listener.ended(this.chatId ?? ""),
      over: () => void this.#upkeep.look(),
    });
    this.#submissions = new Submissions(() => ({ chatId: this.chatId, stream: page.composer.stream, ...page.choices.ofNew }));
  }

  get running() {
    return this.#attending.running;
  }

  get chatId() {
    return this.main.dataset.chat || null;
  }

  /** @param {import("./types.js").Asked} asked @param {() => void} refused it is not there any more */
  ask({ prompt, files }, refused) {
    const { answer, remove } = this.page.transcript.add(prompt, files);
    const submission = this.#submissions.make({ prompt }, files);
    return this.#attending.submit(answer, submission, this.#unasked(answer, submission, () => (remove(), refused())));
  }

  /** Another question in the place of one: both are kept. @param {HTMLElement} old @param {string} prompt @param {{refused: () => void, busy: () => void}} not it stands there again, or was not asked */
  async askInstead(old, prompt, { refused, busy }) {
    const known = this.chatId ? await idOf(old, this.chatId) : "";
    if (this.running) return busy();
    const parentId = parentOf(old);
    const { answer, restore, files } = this.page.transcript.ask(old, prompt);
    const submission = this.#submissions.make({ prompt, ...(this.chatId && (known || parentId) ? { parentId } : {}) }, files);
    this.page.composer.focus(answer.article);
    return this.#attending.submit(answer, submission, this.#unasked(answer, submission, () => (restore(), refused())));
  }

  /** Retry or Continue: the new answer takes the place of the old one, which comes back if nothing was saved. @param {HTMLElement} old @param {HTMLButtonElement} button */
  again(old, button) {
    if (this.running) return;
    const { transcript } = this.page;
    const answer = button.name === "continue" ? transcript.after(old) : transcript.blank();
    const submission = this.#submissions.again(old, button.name);
    const restore = transcript.answer(old, answer);
    this.page.composer.focus(answer.article);
    const failed = (/** @type {Error} */ error) => {
      restore();
      if (!(error instanceof Refusal)) this.#submissions.keep(old, submission);
      const sentence = t("The server could not be reached. Press {button} again.", { button: button.textContent ?? "" });
      this.page.notice.tell(error instanceof Refusal ? said(error) : sentence);
    };
    return this.#attending.submit(answer, submission, failed);
  }

  /** Takes up the answer that is being written at the chat's end. */
  resume() {
    const { running } = this.page.transcript;
    if (!running || !this.chatId || this.running) return;
    return this.#attending.resume(running.answer, running.runId, this.chatId);
  }

  stop() {
    return this.#attending.stop();
  }

  /** The chat may have gone on elsewhere. */
  catchUp() {
    return this.#upkeep.news();
  }

  /** Another branch is to be shown, while the reader stays in place; an answer that is being written in this one goes on. */
  async turn() {
    const { end } = this.page.transcript.painter;
    await this.#attending.leave();
    this.#move = (old, change) => end.exchange(old ?? this.main, change);
    await this.#upkeep.news();
  }

  /** The chat is gone: what is left is a new one, and what was typed. */
  leave() {
    void this.#attending.leave();
    const unsaid = this.page.transcript.clear();
    if (unsaid) this.page.composer.restore(unsaid);
    this.main.dataset.chat = "";
    void this.page.choices.clear();
    history.replaceState({}, "", "/");
  }

  /** @param {import("./types.js").ChatWithHistory} chat */
  #show(chat) {
    this.page.transcript.show(chat._id, branch(chat), this.#move);
    this.page.choices.show(chat);
    this.listener.seen(chat);
    this.#move = undefined;
    void this.resume();
  }

  /** Where a question did not get through. @param {Answer} answer @param {Submission} submission @param {() => void} restore after a refusal */
  #unasked(answer, submission, restore) {
    return (/** @type {Error} */ error) => {
      if (error instanceof Refusal) return restore(), this.page.notice.show(said(error));
      this.#submissions.keep(answer.article, submission);
      answer.end({ state: "unsent" });
      this.page.announcer.say(answer.summary);
    };
  }

  /** @param {string} chatId */
  #began(chatId) {
    if (!this.chatId) history.pushState({}, "", `/c/${chatId}`);
    this.main.dataset.chat = chatId;
    this.listener.touched(chatId);
  }
}
