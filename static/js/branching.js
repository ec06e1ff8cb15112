// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Chat} from "./types.js" */
import { Actions } from "./actions.js";
import { following, idOf } from "./articles.js";
import { steps } from "./branches.js";
import { Copying } from "./copying.js";
import { find } from "./dom.js";
import { Pruning } from "./pruning.js";
import { Revising } from "./revising.js";
import { branchOff, changeChat, deleteMessage } from "./server.js";
import { said, t } from "./words.js";

const BUSY = t("An answer is being written. Stop it, or wait for its end.");

/** What is done with single messages: copied, asked or answered anew, made a chat of, deleted; and the way between branches. */
export class Branching {
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
    this.copying = new Copying(conversation, toast, announcer);
    this.revising = new Revising(conversation, {
      idle: () => this.#idle(),
      open: (failed, act) => this.#try(failed, act),
      attempt: (failed, act) => this.#settle(failed, act),
      turned: (id) => this.#turned(id, null),
    });
    const { transcript } = conversation.page;
    new Actions(transcript.element, {
      copy: (article, button) => void this.copying.copy(article, button),
      edit: (article) => this.#idle() && void this.revising.question(article),
      rewrite: (article) => this.#idle() && void this.revising.answer(article),
      retry: (article, button) => void this.#again(article, button),
      continue: (article, button) => void this.#again(article, button),
      leafId: (article, button) => void this.#settle(t("The branch cannot be shown."), () => this.#walk(article, button)),
      branch: (article) => void this.#settle(t("There is no new chat."), () => this.#branchOff(article)),
      delete: (article) => void this.#settle(t("Nothing was deleted."), () => this.#delete(article)),
    });
  }

  get #chatId() {
    return this.conversation.chatId ?? "";
  }

  /** What can still be undone is done now. */
  settled() {
    return this.pruning.finish();
  }

  #idle() {
    if (this.conversation.running) this.toast.tell(BUSY);
    return !this.conversation.running;
  }

  /** @param {string} failed @param {() => Promise<unknown>} act */
  async #try(failed, act) {
    try {
      await act();
    } catch (error) {
      this.toast.tell(`${failed} ${said(/** @type {Error} */ (error))}`);
    }
  }

  /** What changes the chat begins when nothing can be undone any more. @param {string} failed @param {() => Promise<unknown>} act */
  #settle(failed, act) {
    return this.#try(failed, () => this.settled().then(act));
  }

  /** @param {HTMLElement} article @param {HTMLButtonElement} button */
  async #again(article, button) {
    if (!this.#idle()) return;
    await this.settled();
    if (this.#idle()) void this.conversation.again(article, button);
  }

  /** @param {HTMLElement} article @param {HTMLButtonElement} button */
  async #walk(article, button) {
    await changeChat(this.#chatId, { leafId: button.value });
    await this.#turned(button.value, button.ariaLabel);
  }

  /** The branch through a message is shown from now on. @param {string} id @param {string | null} label of the step that is to have the focus */
  async #turned(id, label) {
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
