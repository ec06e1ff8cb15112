// @ts-check
import { readMessage } from "./server.js";

// What was written, to the letter: what an article shows of it is its looks. Of the answers only the last one that came here
// is kept beside what the page shows; the server has the others.

/** @type {WeakMap<Element, string>} */
const questions = new WeakMap();
/** @type {{article: WeakRef<Element>, text: string} | null} */
let lastAnswer = null;

/** @param {Element} article @param {string} text */
export function keepQuestion(article, text) {
  questions.set(article, text);
}

/** What is known here without asking. @param {Element} article */
export function knownSource(article) {
  return lastAnswer?.article.deref() === article ? lastAnswer.text : questions.get(article);
}

/** @param {HTMLElement} article @param {string} chatId @returns {Promise<string>} */
export async function source(article, chatId) {
  return knownSource(article) ?? (await readMessage(chatId, article.dataset.id ?? "")).content;
}

/** The source of an answer that comes as frames. */
export class Source {
  #text = "";

  /** @param {Element} article */
  constructor(article) {
    this.article = article;
  }

  /** @param {string | undefined} piece */
  add(piece) {
    this.#text += piece ?? "";
  }

  /** @param {string} [text] the whole, where it did not come as frames */
  end(text = this.#text) {
    lastAnswer = { article: new WeakRef(this.article), text };
    this.#text = "";
  }
}
