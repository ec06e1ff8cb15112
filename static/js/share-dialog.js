// @ts-check
/** @import {Chat} from "./types.js" */
import { copyText } from "./clipboard.js";
import { find } from "./dom.js";
import { shareChat, unshareChat } from "./server.js";
import { said, t } from "./words.js";

/** Makes a chat's link, shows it, takes it back. */
export class ShareDialog {
  /** @type {Chat | null} */
  #chat = null;

  /** @param {HTMLDialogElement} element @param {(sentence: string) => void} tell what failed before there was anything to show */
  constructor(element, tell) {
    this.element = element;
    this.tell = tell;
    this.link = find(element, ".share-link", HTMLInputElement);
    this.news = find(element, ".share-news", HTMLElement);
    element.addEventListener("click", (event) => void this.#pressed(/** @type {HTMLElement} */ (event.target)));
  }

  /** @param {Chat} chat */
  async open(chat) {
    try {
      const { path } = await shareChat(chat._id);
      this.#chat = chat;
      find(this.element, ".share-name", HTMLElement).textContent = chat.title;
      this.link.value = find(this.element, "a", HTMLAnchorElement).href = new URL(path, location.href).href;
      this.news.textContent = "";
      this.element.showModal();
      this.link.setSelectionRange(0, this.link.value.length, "backward"); // its beginning is in view
    } catch (error) {
      const failed = t("“{title}” was not shared.", { title: chat.title });
      this.tell(`${failed} ${said(/** @type {Error} */ (error))}`);
    }
  }

  /** @param {HTMLElement} pressed */
  async #pressed(pressed) {
    if (pressed === this.element || pressed.dataset.action === "close") this.element.close();
    if (pressed.dataset.action === "copy") await this.#copy();
    if (pressed.dataset.action === "revoke") await this.#revoke();
  }

  async #copy() {
    this.link.select();
    try {
      await copyText(Promise.resolve(this.link.value));
      this.news.textContent = t("Copied.");
    } catch {
      this.news.textContent = t("The browser does not let this page copy. The link is selected: copy it with the keyboard.");
    }
  }

  async #revoke() {
    try {
      await unshareChat(this.#chat?._id ?? "");
      this.element.close();
      this.tell(t("“{title}” is not shared any more. Its link leads nowhere.", { title: this.#chat?.title ?? "" }));
    } catch (error) {
      this.news.textContent = `${t("It is still shared.")} ${said(/** @type {Error} */ (error))}`;
    }
  }
}
