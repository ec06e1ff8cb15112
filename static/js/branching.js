// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Chat} from "./types.js" */
import { Actions } from "./actions.js";
import { following, idOf } from "./articles.js";
import { steps } from "./branches.js";
import { copyText } from "./clipboard.js";
import { find } from "./dom.js";
import { Editing } from "./editing.js";
import { Pruning } from "./pruning.js";
import { branchOff, changeChat, deleteMessage } from "./server.js";
import { source } from "./sources.js";
import { said, t } from "./words.js";

const COPIED_MS = 2000;
const BUSY = t("An answer is being written. Stop it, or wait for its end.");

/** What is done with single messages: copied, asked or answered anew, made a chat of, deleted; and the way between branches. */
export class Branching {
  #editing = new Editing();

  /**
   * @param {Conversation} conversation
   * @param {import("./toast.js").Toast} toast
   * @param {Announcer} announcer
   * @param {{moved: (chatId: string) => void, begun: (chat: Chat) => void}} listener
   */
  constructor(conversation, toast, announcer, listener) {
    this.conversation = conversation;
    this.toast = toast;
    this.announcer = announcer;
    this.listener = listener;
    this.pruning = new Pruning(toast);
    const { transcript } = conversation.page;
    new Actions(transcript.element, {
      copy: (article, button) => void this.copy(article, button),
      edit: (article) => this.#idle() && void this.#edit(article),
      retry: (article, button) => void this.#again(article, button),
      continue: (article, button) => void this.#again(article, button),
      leafId: (article, button) => void this.#try(t("The branch cannot be shown."), () => this.#walk(article, button)),
      branch: (article) => void this.#try(t("There is no new chat."), () => this.#branchOff(article)),
      delete: (article) => void this.#try(t("Nothing was deleted."), () => this.#delete(article)),
    });
  }

  get #chatId() {
    return this.conversation.chatId ?? "";
  }

  /** What can still be undone is done now. */
  settled() {
    return this.pruning.finish();
  }

  /** A message's source, into the clipboard. @param {HTMLElement} article @param {HTMLElement} [button] */
  async copy(article, button) {
    try {
      await copyText(source(article, this.#chatId));
    } catch (error) {
      return this.toast.tell(`${t("Nothing was copied.")} ${said(/** @type {Error} */ (error))}`);
    }
    this.announcer.say(t("Copied."));
    if (!button) return this.toast.tell(t("Copied the last answer."));
    button.textContent = t("Copied");
    setTimeout(() => (button.textContent = t("Copy")), COPIED_MS);
  }

  /** The last answer that is there as a whole. */
  copyLast() {
    const answers = [...this.conversation.page.transcript.element.querySelectorAll(".message[data-role=assistant]:not([data-state=running])")];
    const last = answers.at(-1);
    if (last instanceof HTMLElement) return this.copy(last);
    this.toast.tell(t("There is no answer to copy yet."));
  }

  #idle() {
    if (this.conversation.running) this.toast.tell(BUSY);
    return !this.conversation.running;
  }

  /** @param {string} failed @param {() => Promise<unknown>} act */
  async #try(failed, act) {
    try {
      await this.settled();
      await act();
    } catch (error) {
      this.toast.tell(`${failed} ${said(/** @type {Error} */ (error))}`);
    }
  }

  /** @param {HTMLElement} article @param {HTMLButtonElement} button */
  async #again(article, button) {
    if (!this.#idle()) return;
    await this.settled();
    if (this.#idle()) void this.conversation.again(article, button);
  }

  /** @param {HTMLElement} article @param {string} [text] */
  async #edit(article, text) {
    await this.#try(t("The question cannot be edited."), async () => {
      const present = text ?? (await source(article, this.#chatId));
      this.#editing.begin(article, present, (prompt) => void this.#askInstead(article, prompt));
    });
  }

  /** @param {HTMLElement} article @param {string} prompt */
  async #askInstead(article, prompt) {
    const again = () => void this.#edit(article, prompt);
    const not = { refused: again, busy: () => (this.#idle(), again()) };
    const ask = () => this.conversation.askInstead(article, prompt, not).catch((error) => (again(), Promise.reject(error)));
    await this.#try(t("The question cannot be edited."), ask);
  }

  /** @param {HTMLElement} article @param {HTMLButtonElement} button */
  async #walk(article, button) {
    const [id, label] = [button.value, button.ariaLabel];
    await changeChat(this.#chatId, { leafId: id });
    this.listener.moved(this.#chatId);
    await this.conversation.turn();
    const shown = document.getElementById(`m-${id}`);
    if (!shown) return;
    const walker = find(shown, ".walker", HTMLElement);
    const able = steps(walker).filter(({ disabled }) => !disabled);
    (able.find(({ ariaLabel }) => ariaLabel === label) ?? able[0])?.focus({ preventScroll: true });
    const [at = "", of = ""] = find(walker, ".walker-place", HTMLElement).textContent?.split("/") ?? [];
    this.announcer.say(t("Branch {at} of {of}.", { at, of }));
  }

  /** @param {HTMLElement} article */
  async #branchOff(article) {
    const chat = await branchOff(this.#chatId, article.dataset.id ?? "");
    this.listener.begun(chat);
    location.assign(`/c/${chat._id}`);
  }

  /** @param {HTMLElement} article */
  async #delete(article) {
    const chatId = this.#chatId;
    const id = await idOf(article, chatId);
    this.pruning.begin([article, ...following(article)], async () => {
      await deleteMessage(chatId, id);
      this.listener.moved(chatId);
      await this.conversation.turn();
    });
    this.conversation.page.composer.focus(this.conversation.page.transcript.element);
  }
}
