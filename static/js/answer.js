// @ts-check
/** @import {Ending, Frame, Ids, Message} from "./types.js" */
/** @import {Painter} from "./painter.js" */
import { copy, find } from "./dom.js";
import { endingLine, figures } from "./endings.js";
import { MarkdownFlow } from "./markdown-flow.js";
import { PhaseElement } from "./phase.js";
import { Reasoning } from "./reasoning.js";
import { Said } from "./said.js";
import { t } from "./words.js";

/** One answer on the page: takes the frames of its run, and says how it ended. */
export class Answer {
  #state;
  /** Whether text of its own has begun to come, and nothing else is awaited first. */
  #begun;
  /** How it ended, in its last frame. @type {Ending | null} */
  ending = null;

  /**
   * @param {HTMLElement} article
   * @param {Painter} painter
   * @param {string} model the name shown while it is awaited
   * @param {boolean} [kept] whether it goes on with an answer that ended early, and shows that one's text
   */
  constructor(article, painter, model, kept = false) {
    this.article = article;
    this.painter = painter;
    this.model = model;
    this.phase = find(article, "answer-phase", PhaseElement).work;
    this.said = new Said(article, painter);
    this.reasoning = new MarkdownFlow(find(article, ".reasoning .markdown", HTMLElement), painter);
    this.fold = new Reasoning(find(article, ".reasoning", HTMLDetailsElement), painter.end);
    this.#state = article.dataset.state ?? "running";
    this.kept = kept;
    this.#begun = !kept && !this.said.empty;
  }

  /** @param {Painter} painter @param {string} model */
  static blank(painter, model) {
    return new Answer(copy("#message-template", '[data-role="assistant"]'), painter, model);
  }

  get id() {
    return this.article.dataset.id ?? "";
  }

  /** The Markdown it was made of; empty where the server sent the page with it, and only the chat has it. */
  get source() {
    return this.said.source;
  }

  get running() {
    return this.#state === "running";
  }

  /** How it ended, in a sentence. */
  get summary() {
    return this.article.querySelector(".ending-words")?.textContent ?? t("The answer is complete.");
  }

  /** @param {Ids} ids */
  identify({ runId, messageId }) {
    this.article.id = `m-${messageId}`;
    this.article.dataset.id = messageId;
    this.article.dataset.run = runId;
  }

  /** @param {Frame} frame any but the last */
  take(frame) {
    if (frame.text !== undefined) this.#written(frame.text);
    else if (frame.reasoning !== undefined) this.#reasoned(frame.reasoning);
    else if (frame.toolCall || frame.toolResult) this.#used(frame);
  }

  /** @param {string} words what is awaited, until the first text */
  wait(words) {
    if (!this.#begun) this.phase.show(words);
  }

  /** As its chat has it, in its middle or at its end. @param {Message} message */
  show(message) {
    if (message.state !== "running") return this.settle(message);
    this.#fill(message);
  }

  /** The text as a whole, where it did not come as frames. @param {Message} message */
  settle(message) {
    this.#fill(message);
    this.end(message);
  }

  /** @param {Ending} ending */
  end(ending) {
    this.said.finish();
    this.reasoning.finish();
    this.phase.clear();
    if (this.fold.thinking || ending.timings?.thoughtMs != null) this.fold.ended(ending.timings?.thoughtMs ?? undefined);
    this.ending = ending;
    this.#state = this.article.dataset.state = ending.state;
    this.article.removeAttribute("aria-busy");
    this.painter.end.keep(() => this.#foot(ending));
  }

  /** @param {Message} message without `reasoning` what there is of it stays */
  #fill({ content, reasoning, toolCalls }) {
    this.said.replace(content, toolCalls ?? []);
    if (reasoning !== undefined) this.reasoning.replace(reasoning);
    find(this.article, ".reasoning", HTMLElement).hidden = this.reasoning.empty;
  }

  /** @param {Ending} ending */
  #foot(ending) {
    const [hasText, hasTools] = [!this.said.empty, !this.said.tools.empty];
    const came = hasText || hasTools || !this.reasoning.empty;
    const model = ending.model === undefined ? this.model : ending.model; // who writes by hand is none
    const measured = came && (model || ending.usage || ending.timings);
    const parts = [endingLine(ending, { hasText, hasTools }), measured ? figures({ ...ending, model }) : null];
    const foot = find(this.article, ".foot", HTMLElement);
    foot.dataset.state = ending.state;
    foot.replaceChildren(...parts.filter((part) => part !== null));
  }

  /** @param {string} piece */
  #written(piece) {
    this.said.add(piece);
    if (this.kept && this.said.repeats) return;
    this.#begun = true;
    if (this.fold.thinking) this.painter.end.keep(() => this.fold.ended());
    this.phase.wrote(t("Answering"), piece);
  }

  /** @param {string} piece */
  #reasoned(piece) {
    this.reasoning.add(piece);
    if (this.kept && this.reasoning.repeats) return;
    if (!this.fold.thinking) this.painter.end.keep(() => this.fold.went());
    if (!this.#begun) this.phase.wrote(t("Thinking"), piece);
  }

  /** @param {Frame} frame of a tool. The text, which may have begun before, goes on when it has given what it gives. */
  #used({ toolCall, toolResult }) {
    this.painter.end.keep(() => (toolCall ? this.said.called(toolCall) : toolResult && this.said.tools.gave(toolResult)));
    this.#begun = false;
    this.wait(this.said.tools.awaited || t("Waiting for {model}", { model: this.model }));
  }
}
