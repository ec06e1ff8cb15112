// @ts-check
import { AnnouncerElement } from "./announcer.js";
import { Attachments } from "./attachments.js";
import { Branching } from "./branching.js";
import { ChatsPanel } from "./chats-panel.js";
import { Choices } from "./choices.js";
import "./code-block.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { find } from "./dom.js";
import { Drafts } from "./drafts.js";
import { takeFiles } from "./dropping.js";
import { goToFound } from "./found.js";
import { installWorker } from "./installed.js";
import { NoticeElement } from "./notice.js";
import "./offline-note.js";
import { Painter } from "./painter.js";
import { EndFollower } from "./scroll.js";
import { presence } from "./presence.js";
import { Shortcuts } from "./shortcuts.js";
import "./sidebar.js";
import { ChatTitle } from "./title.js";
import { ToastElement } from "./toast.js";
import { Transcript } from "./transcript.js";
import { TellingSheet } from "./telling-sheet.js";
import "./theme.js";
import { t } from "./words.js";

const main = find(document, "#main", HTMLElement);
const title = new ChatTitle(main);
const toast = find(document, "chat-toasts", ToastElement).work;
const end = new EndFollower(find(main, "#jump", HTMLElement), find(main, "#dock", HTMLElement), find(main, "#transcript", HTMLElement));
const notice = find(main, "chat-notice", NoticeElement).work;

const announcer = find(document, "chat-announcer", AnnouncerElement).work;
const form = find(main, "#composer", HTMLFormElement);
const attachments = new Attachments(form, notice, announcer, () => choices.settings.present.params.model ?? "");
const composer = new Composer(form, Number(main.dataset.promptMax), attachments, {
  settled: () => branching.settled(),
  send: (asked) => void conversation.ask(asked, () => composer.restore(asked)),
  early: () => notice.tell(t("This answer is still being written. Wait for its end, or stop it.")),
  stop: () => void conversation.stop(),
});
const transcript = new Transcript(
  find(main, "#transcript", HTMLElement),
  find(main, "#welcome", HTMLElement),
  find(main, "#earlier", HTMLElement),
  new Painter(end),
  main.dataset.model ?? t("the model"),
);
const choices = new Choices(main, transcript, toast);
const conversation = new Conversation(
  main,
  { transcript, composer, choices, notice, announcer },
  { touched: (id) => (stayed(), chats.touched(id)), ended: (id) => chats.ended(id), seen, gone },
);

const branching = new Branching(conversation, toast, announcer, {
  moved: () => chats.tabs.tell("moved", chats.open.chat),
  begun: (chat) => chats.tabs.tell("asked", chat),
});
if (form.elements.namedItem("edit")) leaveEdit();
new Drafts(composer.field, () => conversation.chatId);
const chats = new ChatsPanel(main, title, toast, {
  chatId: () => conversation.chatId,
  began: (chat) => choices.begun(chat),
  catchUp: () => void conversation.catchUp(),
  gone,
});
takeFiles(find(main, "#drop", HTMLElement), composer.field, attachments);

/** At the message that a search found, else at the end; who comes back is where the browser remembers. */
async function begin() {
  const { found } = main.dataset;
  const query = new URLSearchParams(location.search).get("q") ?? "";
  if (fresh && found && (await goToFound(found, query, transcript.earlier))) return;
  if ((fresh && conversation.chatId) || running) end.toEnd();
}

/** A question in the message box, for those without scripts: with them it is edited in its place. */
function leaveEdit() {
  composer.field.value = "";
  location.replace(location.pathname);
}

/** The reader goes on with this branch: what was found on another one is not offered any more. */
function stayed() {
  main.querySelector(".elsewhere")?.remove();
}

/** The chat is shown as it is now: maybe with what was found. @param {import("./types.js").Chat} chat */
function seen(chat) {
  const id = main.querySelector(".elsewhere")?.id;
  if (id && transcript.element.querySelector(`#${id}`)) stayed();
  chats.seen(chat);
}

/** The open chat was deleted elsewhere. */
function gone() {
  stayed();
  chats.list.remove(conversation.chatId ?? "");
  conversation.leave();
  title.clear();
  end.toStart();
  notice.tell(t("The chat that was open here was deleted in another tab or on another device."));
}

presence.addEventListener("back", () => void conversation.catchUp());

main.querySelector("#suggestions")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = /** @type {SubmitEvent} */ (event).submitter;
  if (!(chosen instanceof HTMLButtonElement) || conversation.running) return;
  void conversation.ask({ prompt: chosen.value, files: [] }, () => {}); // refused, it stands there again
});

new Shortcuts(find(document, "#shortcuts", HTMLDialogElement), { conversation, branching, title, chats });

new TellingSheet(find(document, "#telling", HTMLDialogElement), find(main, "#show-telling", HTMLElement), title);

// Going back within a page that has changed its address: the other address is another page.
const address = () => (conversation.chatId ? `/c/${conversation.chatId}` : "/");
addEventListener("popstate", () => location.pathname !== address() && location.reload());

if (location.pathname !== address()) history.replaceState({}, "", address());
const [navigation] = performance.getEntriesByType("navigation");
const fresh = /** @type {PerformanceNavigationTiming | undefined} */ (navigation)?.type === "navigate";
const running = main.querySelector('[data-state="running"]') !== null;
if (running) history.scrollRestoration = "manual"; // the browser would take a reader who comes back away from the end
void begin();
if (matchMedia("(hover: hover) and (pointer: fine)").matches) composer.field.focus({ preventScroll: true });
void conversation.resume();
addEventListener("pagehide", () => (history.scrollRestoration = "auto"));
addEventListener("load", () => void installWorker(), { once: true });
performance.mark("usable"); // for bench/page.py: all listeners are there
