// @ts-check
/** @import {Painter} from "./painter.js" */
/** @import {Message} from "./types.js" */
import { Answer } from "./answer.js";
import { copy, find } from "./dom.js";
import { Earlier } from "./earlier.js";

/** So many messages are shown where all have to be shown anew, as chatstream/web/parts.py does. */
const PART = 50;

/** The messages of the open chat, in their places on the page: its last ones, and those before that the reader asked for. */
export class Transcript {
  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} welcome stands there while no message does
   * @param {HTMLElement} earlier leads to the messages before
   * @param {Painter} painter
   * @param {string} model
   */
  constructor(element, welcome, earlier, painter, model) {
    this.element = element;
    this.welcome = welcome;
    this.earlier = new Earlier(earlier, element, painter.end);
    this.painter = painter;
    this.model = model;
  }

  /** A question at the end, and the place of its answer. @param {string} prompt */
  add(prompt) {
    const question = this.#question(prompt);
    const answer = this.blank();
    this.element.append(question, answer.article);
    this.#changed();
    const remove = () => (question.remove(), answer.article.remove(), this.#changed());
    return { answer, remove };
  }

  blank() {
    return Answer.blank(this.painter, this.model);
  }

  /** The place of one that goes on with an old answer, and shows what was kept of it. @param {HTMLElement} old */
  after(old) {
    const article = /** @type {HTMLElement} */ (old.cloneNode(true));
    for (const name of ["id", "data-id", "data-run"]) article.removeAttribute(name);
    article.dataset.state = "running";
    article.setAttribute("aria-busy", "true");
    const foot = find(article, ".foot", HTMLElement);
    foot.removeAttribute("data-state");
    foot.replaceChildren();
    return new Answer(article, this.painter, this.model, true);
  }

  /** @returns {string} the question at the end that was never sent, or nothing */
  clear() {
    const last = this.element.lastElementChild;
    const sent = !(last instanceof HTMLElement) || last.dataset.state !== "unsent";
    const prompt = sent ? "" : (last.previousElementSibling?.textContent?.trim() ?? "");
    this.element.replaceChildren();
    this.earlier.lead(null);
    this.#changed();
    return prompt;
  }

  /** The answer that is being written at the end, and its run; null if there is none. */
  get running() {
    const last = this.element.lastElementChild;
    if (!(last instanceof HTMLElement) || last.dataset.state !== "running" || !last.dataset.run) return null;
    return { runId: last.dataset.run, answer: new Answer(last, this.painter, this.model) };
  }

  /**
   * Show these messages, from the first that is shown already. What is there stays as it is, so that nothing a reader looks
   * at moves; so does a question at the end that was never sent.
   *
   * @param {string} chatId
   * @param {Message[]} branch
   */
  show(chatId, branch) {
    const present = /** @type {HTMLElement[]} */ ([...this.element.children]);
    const messages = branch.slice(start(present[0], branch));
    const differs = messages.findIndex((message, at) => !shows(present[at], message));
    const same = differs < 0 ? messages.length : differs;
    present.slice(0, same).forEach((article, at) => name(article, messages[at]?._id ?? ""));
    const rest = present.slice(same);
    const unsent = rest.length > 1 && rest.at(-1)?.dataset.state === "unsent" ? rest.splice(-2) : [];
    if (differs < 0 && rest.length === 0) return;
    const fresh = messages.slice(same).map((message) => this.#message(message));
    this.painter.end.keep(() => {
      for (const article of rest) article.remove();
      this.element.append(...fresh, ...unsent);
      if (same === 0) this.earlier.lead(messages[0]?.parentId ? `/c/${chatId}?before=${messages[0]._id}` : null);
      this.#changed();
    });
  }

  /** @param {Message} message */
  #message(message) {
    if (message.role === "user") return name(this.#question(message.content), message._id);
    const answer = this.blank();
    answer.identify({ runId: message.runId ?? "", messageId: message._id, chatId: "" });
    answer.show(message);
    return answer.article;
  }

  /** @param {string} prompt */
  #question(prompt) {
    const question = copy("#message-template", '[data-role="user"]');
    find(question, ".text", HTMLElement).textContent = prompt;
    return question;
  }

  #changed() {
    this.welcome.hidden = this.element.children.length > 0;
  }
}

/** @param {HTMLElement | undefined} first on the page @param {Message[]} branch @returns {number} where it is on the branch */
function start(first, branch) {
  const at = branch.findIndex(({ _id }) => _id === first?.dataset.id);
  return at < 0 ? Math.max(0, branch.length - PART) : at;
}

/** @param {HTMLElement | undefined} article @param {Message} message */
function shows(article, { _id, role, state, content }) {
  if (!article || article.dataset.role !== role) return false;
  const { id } = article.dataset;
  if (role === "assistant" && (id !== _id || article.dataset.state !== state)) return false;
  if (id && id !== _id) return false;
  return role === "assistant" || find(article, ":scope > .text", HTMLElement).textContent === content; // an answer that ended stays as it is
}

/** @param {HTMLElement} article @param {string} id */
function name(article, id) {
  article.id = `m-${id}`;
  article.dataset.id = id;
  return article;
}
