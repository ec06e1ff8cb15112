// @ts-check
import { AnnouncerElement } from "./announcer.js";
import { Answer } from "./answer.js";
import "./code-block.js";
import { find } from "./dom.js";
import { Painter } from "./painter.js";
import { presence } from "./presence.js";
import { EndFollower } from "./scroll.js";
import { SharedRun } from "./shared-run.js";
import { t } from "./words.js";
import "./worn.js";

/** How often is looked whether the chat has gone on, while somebody reads. */
const LOOK_MS = 15_000;
/** A line that died may say nothing for minutes. */
const READ_MS = 10_000;

const main = find(document, "#main", HTMLElement);
const transcript = find(main, "#transcript", HTMLElement);
const end = new EndFollower(find(main, "#jump", HTMLElement), find(main, "#dock", HTMLElement), transcript);
const painter = new Painter(end);
const announcer = find(document, "chat-announcer", AnnouncerElement).work;
const { signal } = new AbortController();
let following = false;
/** @type {Promise<void> | null} */
let looking = null;

/** The answer that is being written, to its end; then what was written since. */
async function follow() {
  const article = transcript.lastElementChild;
  if (following || !(article instanceof HTMLElement) || article.dataset.state !== "running") return;
  following = true;
  const answer = new Answer(article, painter, main.dataset.model || t("the model"));
  answer.wait(t("Waiting for the answer"));
  announcer.say(t("The answer is being written."));
  const address = `${main.dataset.path}/events/${article.dataset.id}`;
  const run = new SharedRun({ address, ended: () => Promise.resolve(false) }, 0, {
    frame: (frame) => (frame.state ? answer.end(/** @type {import("./types.js").Ending} */ (frame)) : answer.take(frame)),
    connected: (yes) => answer.phase.connected(yes),
  });
  await run.follow(signal);
  if (!answer.running) announcer.say(answer.summary);
  following = false;
  await look();
}

/** One after the other: of two pages the older one may come last. */
function look() {
  return (looking ??= compare().finally(() => (looking = null)));
}

/** Shows what was written since. What is there already stays, so that nothing a reader looks at moves. */
async function compare() {
  if (following || document.hidden) return;
  const response = await fetch(location.href, { signal: AbortSignal.timeout(READ_MS) }).catch(() => null);
  if (response?.status === 404) find(main, "#notice", HTMLElement).hidden = false;
  const html = response?.ok && (await response.text().catch(() => ""));
  if (!html || following) return;
  const page = new DOMParser().parseFromString(html, "text/html");
  main.dataset.model = find(page, "#main", HTMLElement).dataset.model; // of the answer that may be written now
  const fresh = [...page.querySelectorAll("#transcript > .message")];
  const same = fresh.findIndex((article, n) => name(article) !== name(transcript.children[n]));
  if (same < 0 && fresh.length === transcript.children.length) return;
  const kept = same < 0 ? fresh.length : same;
  end.keep(() => {
    for (const old of [...transcript.children].slice(kept)) old.remove();
    transcript.append(...fresh.slice(kept));
  });
  void follow();
}

/** @param {Element | undefined} article */
function name(article) {
  return article instanceof HTMLElement ? `${article.dataset.id} ${article.dataset.state} ${article.querySelector(".foot")?.childElementCount}` : "";
}

presence.addEventListener("back", () => void look());
setInterval(() => void look(), LOOK_MS);
void follow();
