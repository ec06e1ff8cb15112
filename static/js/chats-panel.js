// @ts-check
/** @import {Chat, ChatWithHistory} from "./types.js" */
/** @import {ChatTitle} from "./title.js" */
/** @import {Toast} from "./toast.js" */
import { ChatList } from "./chat-list.js";
import { ChatMenu } from "./chat-menu.js";
import { ChatSearch } from "./chat-search.js";
import { shown } from "./chat-item.js";
import { Deletion } from "./deletion.js";
import { find } from "./dom.js";
import { Keeping } from "./keeping.js";
import { ListPlace } from "./list-place.js";
import { OpenChat } from "./open-chat.js";
import { presence } from "./presence.js";
import { ShareDialog } from "./share-dialog.js";
import { Tabs } from "./tabs.js";
import { TitleWatch } from "./title-watch.js";

/** Beside the conversation: the list of chats, what can be done with each, and what other tabs do with them. */
export class ChatsPanel {
  /**
   * @param {HTMLElement} main
   * @param {ChatTitle} title
   * @param {Toast} toast
   * @param {{chatId: () => string | null, began: (chat: ChatWithHistory) => void, catchUp: () => void, gone: () => void}} page
   */
  constructor(main, title, toast, page) {
    this.main = main;
    this.title = title;
    this.page = page;
    this.open = new OpenChat(main, title, page.chatId);
    this.list = new ChatList(find(document, "#chats", HTMLElement), page.chatId);
    this.tabs = new Tabs((news) => this.#heard(news));
    this.keeping = new Keeping(toast, (chat) => this.#changed(chat));
    this.share = new ShareDialog(find(document, "#share", HTMLDialogElement), (sentence) => toast.tell(sentence));
    this.titles = new TitleWatch(main.dataset.titles !== undefined, (chat) => this.#changed(chat));
    this.deletion = this.#deletion(toast);
    const rename = (/** @type {Chat} */ chat, /** @type {string} */ name) => void this.keeping.rename(chat, name);
    const chosen = (/** @type {string} */ action, /** @type {Chat} */ chat) => this.#chosen(action, chat);
    new ChatMenu(find(document, "#chat-menu", HTMLElement), this.list.groups.root, { rename, chosen });
    new ChatSearch(find(document, "#search", HTMLFormElement), this.list);
    this.#listen();
    this.titles.add(this.open.chat);
    new ListPlace(this.list);
  }

  /** The open chat got a message: it goes to the top of the list. @param {string} id */
  touched(id) {
    const item = this.list.raise(id) ? this.list.find(id) : null;
    if (item) return this.tabs.tell("asked", shown(item));
    if (this.open.chat._id !== id) return void this.#began(id);
    const chat = { ...this.open.chat, updatedAt: new Date().toISOString() }; // the list shows others
    this.#show(chat);
    this.tabs.tell("asked", chat);
  }

  /** A new chat, with the title the server gave it. @param {string} id */
  async #began(id) {
    const chat = await this.open.read(id);
    if (!chat) return;
    this.titles.add(chat);
    this.#show(chat);
    this.page.began(chat);
    this.tabs.tell("asked", chat);
  }

  /** An answer has ended in this chat. @param {string} id */
  ended(id) {
    this.titles.ended(id);
  }

  /** The open chat as the server has it now. @param {Chat} chat */
  seen(chat) {
    this.#show(chat);
  }

  /** @param {Toast} toast The open chat cannot be used while its deletion can be undone. */
  #deletion(toast) {
    const { list, main, page } = this;
    return new Deletion(toast, {
      hide: (id) => (list.hide(id), id === page.chatId() && shut(main, true)),
      show: (id) => (list.show(id), id === page.chatId() && shut(main, false)),
      tell: (id) => this.tabs.tell("deleted", { ...this.open.chat, _id: id }),
      deleted: (id) => (list.remove(id), id === page.chatId() && location.assign("/")),
    });
  }

  /** The open chat's own menu, and coming back. */
  #listen() {
    const { main, title } = this;
    const chat = () => ({ ...this.open.chat, _id: this.page.chatId() ?? "" }); // one that just began is not read yet
    const listen = (/** @type {string} */ id, /** @type {string} */ event, /** @type {(event: SubmitEvent) => void} */ act) =>
      main.querySelector(id)?.addEventListener(event, (happened) => {
        happened.preventDefault();
        title.closeMenu();
        act(/** @type {SubmitEvent} */ (happened));
      });
    listen("#rename", "submit", () => void this.keeping.rename(chat(), title.field.value.trim()));
    listen("#delete", "submit", () => this.deletion.begin(chat()._id, chat().title));
    listen("#keep", "submit", (event) => this.#chosen(this.open.action(event.submitter?.getAttribute("name") ?? ""), chat()));
    listen("#share-open", "click", () => void this.share.open(chat()));
    presence.addEventListener("back", () => this.list.groups.renew());
  }

  /** @param {string} action of the menu @param {Chat} chat */
  #chosen(action, chat) {
    if (action === "delete") this.deletion.begin(chat._id, chat.title);
    else if (action === "share") void this.share.open(chat);
    else void this.keeping.set(/** @type {"pin"} */ (action), chat);
  }

  /** @param {Chat} chat */
  #changed(chat) {
    this.#show(chat);
    this.tabs.tell("changed", chat);
  }

  /** @param {Chat} chat */
  #show(chat) {
    this.list.put(chat);
    this.open.show(chat);
  }

  /** What another tab did. @param {import("./tabs.js").News} news */
  #heard({ what, chat }) {
    if (what === "cleared") return (this.list.clear(), this.page.catchUp());
    const open = chat._id === this.page.chatId();
    if (what === "asked" && !this.list.raise(chat._id)) this.list.put(chat);
    if ((what === "asked" || what === "moved") && open) this.page.catchUp();
    if (what === "changed") this.#show(chat);
    if (what === "deleted") this.list.remove(chat._id);
    if (what === "deleted" && open) this.page.gone();
  }
}

/** All of it is out of reach but its heading, so that a screen reader still knows where it is. @param {HTMLElement} main @param {boolean} yes */
function shut(main, yes) {
  main.toggleAttribute("data-shut", yes);
  for (const part of main.querySelectorAll(":scope > :not(.topbar), .topbar > :not(h1)")) part.toggleAttribute("inert", yes);
}
