// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Toast} from "./toast.js" */
import { copyText } from "./clipboard.js";
import { source } from "./sources.js";
import { said, t } from "./words.js";

const COPIED_MS = 2000;

/** Messages as they were written, into the clipboard. */
export class Copying {
  /** @param {Conversation} conversation @param {Toast} toast @param {Announcer} announcer */
  constructor(conversation, toast, announcer) {
    this.conversation = conversation;
    this.toast = toast;
    this.announcer = announcer;
  }

  /** @param {HTMLElement} article @param {HTMLElement} [button] */
  async copy(article, button) {
    try {
      await copyText(source(article, this.conversation.chatId ?? ""));
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
}
