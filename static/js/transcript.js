// @ts-check
/** @import {Painter} from "./painter.js" */
/** @import {Attached, Message, Placed} from "./types.js" */
import { Answer } from "./answer.js";
import { joinSiblings, siblings } from "./branches.js";
import { copy, find } from "./dom.js";
import { Earlier } from "./earlier.js";
import { filesOf, showFiles } from "./files.js";
import { following, name, place, shows, unwritten } from "./articles.js";
import { showQuestion } from "./question-text.js";
import { keepQuestion, knownSource } from "./sources.js";

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

  /** A question at the end, and the place of its answer. @param {string} prompt @param {Attached[]} files */
  add(prompt, files) {
    const question = this.#question(prompt, files);
    const answer = this.blank();
    this.element.append(question, answer.article);
    this.#changed();
    const remove = () => (question.remove(), answer.article.remove(), this.#changed());
    return { answer, remove };
  }

  /** Another question in the place of one, with its files, and the place of its answer. @param {HTMLElement} old @param {string} prompt */
  ask(old, prompt) {
    const files = filesOf(old);
    const [question, answer] = [this.#question(prompt, files), this.blank()];
    return { answer, files, restore: this.#branch(old, [question, answer.article]) };
  }

  /** An answer in the place of one. @param {HTMLElement} old @param {Answer} answer @returns {() => void} puts back what was there */
  answer(old, answer) {
    return this.#branch(old, [answer.article]);
  }

  blank() {
    return Answer.blank(this.painter, this.model);
  }

  /** The place of one that goes on with an old answer, and shows what was kept of it. @param {HTMLElement} old */
  after(old) {
    return new Answer(unwritten(old), this.painter, this.model, true);
  }

  /** The question at the end that was never sent, or nothing. */
  clear() {
    const last = this.element.lastElementChild;
    const asked = last instanceof HTMLElement && last.dataset.state === "unsent" ? last.previousElementSibling : null;
    const unsaid = asked && { prompt: knownSource(asked) ?? "", files: filesOf(asked) };
    this.element.replaceChildren();
    this.earlier.lead(null);
    this.#changed();
    return unsaid;
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
   * @param {Placed[]} branch
   * @param {(old: HTMLElement | undefined, change: () => HTMLElement | undefined) => void} [move] where the reader then is
   */
  show(chatId, branch, move = (_, change) => this.painter.end.keep(change)) {
    const present = /** @type {HTMLElement[]} */ ([...this.element.children]);
    const messages = branch.slice(start(present[0], branch));
    const differs = messages.findIndex((message, at) => !shows(present[at], message));
    const same = differs < 0 ? messages.length : differs;
    present.slice(0, same).forEach((article, at) => messages[at] && place(name(article, messages[at]._id), messages[at]));
    const rest = present.slice(same);
    const unsent = rest.length > 1 && rest.at(-1)?.dataset.state === "unsent" ? rest.splice(-2) : [];
    if (differs < 0 && rest.length === 0) return;
    const fresh = messages.slice(same).map((message) => place(this.#message(message), message));
    move(rest[0], () => {
      for (const article of rest) article.remove();
      this.element.append(...fresh, ...unsent);
      if (same === 0) this.earlier.lead(messages[0]?.parentId ? `/c/${chatId}?before=${messages[0]._id}` : null);
      this.#changed();
      return fresh[0];
    });
  }

  /** Others take the place of a message and all below it. @param {HTMLElement} old @param {HTMLElement[]} fresh */
  #branch(old, fresh) {
    const others = siblings(old);
    const gone = [old, ...following(old)];
    if (others.length > 0 && fresh[0]) joinSiblings(fresh[0], others);
    old.before(...fresh);
    for (const article of gone) article.remove();
    return () => {
      fresh[0]?.before(...gone);
      for (const article of fresh) article.remove();
    };
  }

  /** @param {Message} message */
  #message(message) {
    if (message.role === "user") return name(this.#question(message.content, message.files ?? []), message._id);
    const answer = this.blank();
    answer.identify({ runId: message.runId ?? "", messageId: message._id, chatId: "" });
    answer.show(message);
    return answer.article;
  }

  /** @param {string} prompt @param {Attached[]} files */
  #question(prompt, files) {
    const question = copy("#message-template", '[data-role="user"]');
    showQuestion(find(question, ".text", HTMLElement), prompt);
    showFiles(question, files);
    keepQuestion(question, prompt);
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
