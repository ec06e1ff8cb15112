// @ts-check
import { Announcer } from "./announcer.js";
import { readChat, renameChat } from "./api.js";
import { ChatList } from "./chat-list.js";
import { ChatMenu } from "./chat-menu.js";
import { ChatSearch } from "./chat-search.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Deletion } from "./deletion.js";
import { find } from "./dom.js";
import { Notice } from "./notice.js";
import { Painter } from "./painter.js";
import { EndFollower } from "./scroll.js";
import { Sidebar } from "./sidebar.js";
import { ChatTitle } from "./title.js";
import { Toast } from "./toast.js";

const main = find(document, "#main", HTMLElement);
const title = new ChatTitle(main);
const toast = new Toast(find(document, "#toast", HTMLElement));
const end = new EndFollower(find(main, "#jump", HTMLElement), find(main, "#dock", HTMLElement));
const notice = new Notice(find(main, "#notice", HTMLElement), find(main, "#prompt", HTMLElement));

const composer = new Composer(find(main, "#composer", HTMLFormElement), Number(main.dataset.promptMax), {
  send: (prompt) => void conversation.ask(prompt),
  stop: () => void conversation.stop(),
});
const conversation = new Conversation(
  main,
  { composer, notice, painter: new Painter(end), announcer: new Announcer(find(document, "#announcer", HTMLElement)) },
  { touched: (id) => void touched(id) },
);

const chats = new ChatList(find(document, "#chats", HTMLElement), () => conversation.chatId);
// The open chat cannot be used while its deletion can be undone.
const deletion = new Deletion(toast, {
  hide: (id) => (chats.hide(id), (main.inert ||= id === conversation.chatId)),
  show: (id) => (chats.show(id), (main.inert &&= id !== conversation.chatId)),
  deleted: (id) => (chats.remove(id), id === conversation.chatId && location.assign("/")),
});
new ChatMenu(find(document, "#chat-menu", HTMLElement), chats.items, {
  rename,
  delete: (id, name) => deletion.begin(id, name),
});
new ChatSearch(find(document, "#search", HTMLFormElement), chats);
new Sidebar(find(document, "#sidebar", HTMLElement));

/** A chat got a message: it goes to the top of the list, a new one with the title the server gave it. @param {string} id */
async function touched(id) {
  if (chats.raise(id)) return;
  const chat = await readChat(id);
  chats.add(chat);
  title.show(chat.title);
}

/** @param {string} id @param {string} name */
async function rename(id, name) {
  try {
    await renameChat(id, name);
    chats.rename(id, name);
    if (id === conversation.chatId) title.show(name);
  } catch (error) {
    const why = /** @type {Error} */ (error).message;
    toast.show(`The chat was not renamed. ${why}`, { ms: 4000, undo: null, gone: () => {} });
  }
}

find(main, "#rename", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  title.closeMenu();
  void rename(conversation.chatId ?? "", title.field.value.trim());
});
find(main, "#delete", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  title.closeMenu();
  deletion.begin(conversation.chatId ?? "", title.heading.textContent ?? "");
});
main.querySelector("#suggestions")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = /** @type {SubmitEvent} */ (event).submitter;
  if (chosen instanceof HTMLButtonElement && !conversation.running) void conversation.ask(chosen.value);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
  if (document.querySelector(":popover-open:not(#toast)") || title.closeMenu()) return;
  if (conversation.running) void conversation.stop();
});

const offline = find(main, "#offline", HTMLElement);
const connection = () => end.keep(() => (offline.hidden = navigator.onLine));
addEventListener("online", connection);
addEventListener("offline", connection);
connection();

// Going back within a page that has changed its address: the other address is another page.
const address = () => (conversation.chatId ? `/c/${conversation.chatId}` : "/");
addEventListener("popstate", () => location.pathname !== address() && location.reload());

if (location.pathname !== address()) history.replaceState({}, "", address());
const [navigation] = performance.getEntriesByType("navigation");
const fresh = /** @type {PerformanceNavigationTiming | undefined} */ (navigation)?.type === "navigate";
if ((fresh && conversation.chatId) || main.querySelector('[data-state="running"]')) end.toEnd();
if (matchMedia("(hover: hover) and (pointer: fine)").matches) composer.field.focus({ preventScroll: true });
void conversation.resume();
