// @ts-check
import { Announcer } from "./announcer.js";
import { changeChat, readChat } from "./server.js";
import { ChatList } from "./chat-list.js";
import { ChatMenu } from "./chat-menu.js";
import { ChatSearch } from "./chat-search.js";
import { letCopy } from "./code-copy.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Deletion } from "./deletion.js";
import { find } from "./dom.js";
import { installWorker } from "./installed.js";
import { Notice } from "./notice.js";
import { Painter } from "./painter.js";
import { EndFollower } from "./scroll.js";
import { presence } from "./presence.js";
import { Sidebar } from "./sidebar.js";
import { Tabs } from "./tabs.js";
import { ChatTitle } from "./title.js";
import { Toast } from "./toast.js";
import { ToolChoice } from "./tool-choice.js";
import { Transcript } from "./transcript.js";

const main = find(document, "#main", HTMLElement);
const title = new ChatTitle(main);
const toast = new Toast(find(document, "#toast", HTMLElement));
const end = new EndFollower(find(main, "#jump", HTMLElement), find(main, "#dock", HTMLElement), find(main, "#transcript", HTMLElement));
const notice = new Notice(find(main, "#notice", HTMLElement), find(main, "#prompt", HTMLElement));

const composer = new Composer(find(main, "#composer", HTMLFormElement), Number(main.dataset.promptMax), {
  send: (prompt) => void conversation.ask(prompt),
  stop: () => void conversation.stop(),
});
const transcript = new Transcript(
  find(main, "#transcript", HTMLElement),
  find(main, "#welcome", HTMLElement),
  find(main, "#earlier", HTMLElement),
  new Painter(end),
  main.dataset.model ?? "the model",
);
/** @type {ToolChoice} */
const tools = new ToolChoice(
  () => conversation.chatId,
  (error) => toast.tell(`The tools were not changed. ${error.message}`),
);
const conversation = new Conversation(
  main,
  { transcript, composer, tools, notice, announcer: new Announcer(find(document, "#announcer", HTMLElement)) },
  { touched: (id) => void touched(id), gone },
);

const chats = new ChatList(find(document, "#chats", HTMLElement), () => conversation.chatId);
// The open chat cannot be used while its deletion can be undone.
const deletion = new Deletion(toast, {
  hide: (id) => (chats.hide(id), (main.inert ||= id === conversation.chatId)),
  show: (id) => (chats.show(id), (main.inert &&= id !== conversation.chatId)),
  tell: (id) => tabs.tell("deleted", { _id: id, title: "" }),
  deleted: (id) => (chats.remove(id), id === conversation.chatId && location.assign("/")),
});
new ChatMenu(find(document, "#chat-menu", HTMLElement), chats.items, {
  rename,
  delete: (id, name) => deletion.begin(id, name),
});
new ChatSearch(find(document, "#search", HTMLFormElement), chats);
new Sidebar(find(document, "#sidebar", HTMLElement));
letCopy(transcript.element);

/** A chat got a message: it goes to the top of the list, a new one with the title the server gave it. @param {string} id */
async function touched(id) {
  const known = chats.raise(id);
  if (known) return tabs.tell("asked", { _id: id, title: title.heading.textContent ?? "" });
  const chat = await readChat(id);
  chats.add(chat);
  title.show(chat.title);
  tools.begun(chat.tools);
  tabs.tell("asked", chat);
}

/** The open chat was deleted elsewhere. */
function gone() {
  chats.remove(conversation.chatId ?? "");
  conversation.leave();
  title.clear();
  end.toStart();
  notice.tell("The chat that was open here was deleted in another tab or on another device.");
}

const tabs = new Tabs(({ what, chat }) => {
  const open = chat._id === conversation.chatId;
  if (what === "asked" && !chats.raise(chat._id)) chats.add(chat);
  if (what === "asked" && open) void conversation.catchUp();
  if (what === "renamed") chats.rename(chat._id, chat.title);
  if (what === "renamed" && open) title.show(chat.title);
  if (what === "deleted") chats.remove(chat._id);
  if (what === "deleted" && open) gone();
});
presence.addEventListener("back", () => void conversation.catchUp());

/** @param {string} id @param {string} name */
async function rename(id, name) {
  try {
    await changeChat(id, { title: name });
    chats.rename(id, name);
    if (id === conversation.chatId) title.show(name);
    tabs.tell("renamed", { _id: id, title: name });
  } catch (error) {
    const why = /** @type {Error} */ (error).message;
    toast.tell(`The chat was not renamed. ${why}`);
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
addEventListener("load", () => void installWorker(), { once: true });
performance.mark("usable"); // for bench/page.py: all listeners are there
