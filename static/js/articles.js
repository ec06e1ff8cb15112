// @ts-check
/** @import {Message, Placed} from "./types.js" */
import { showSiblings } from "./branches.js";
import { find } from "./dom.js";
import { readMessage } from "./server.js";
import { knownSource } from "./sources.js";

// Messages as elements of the page, and which messages of the server they are.

/** @param {HTMLElement} article @param {string} id */
export function name(article, id) {
  article.id = `m-${id}`;
  article.dataset.id = id;
  return article;
}

/** @param {HTMLElement} article @param {Placed} message */
export function place(article, { _id, parentId, siblings }) {
  article.dataset.parent = parentId ?? "";
  showSiblings(article, siblings, _id);
  return article;
}

/** A copy of an answer, for one that goes on with it. @param {HTMLElement} old */
export function unwritten(old) {
  const article = /** @type {HTMLElement} */ (old.cloneNode(true));
  for (const attribute of ["id", "data-id", "data-run"]) article.removeAttribute(attribute);
  article.dataset.state = "running";
  article.setAttribute("aria-busy", "true");
  const foot = find(article, ".foot", HTMLElement);
  foot.removeAttribute("data-state");
  foot.replaceChildren();
  return article;
}

/** The messages below one on the page. @param {HTMLElement} article */
export function following(article) {
  const found = [];
  for (let at = article.nextElementSibling; at instanceof HTMLElement; at = at.nextElementSibling) found.push(at);
  return found;
}

/** The id of the message that a question follows; empty where it is the chat's first. @param {HTMLElement} article */
export function parentOf(article) {
  for (let at = article.previousElementSibling; at instanceof HTMLElement; at = at.previousElementSibling) {
    if (at.dataset.id) return at.dataset.id;
  }
  return article.dataset.parent ?? "";
}

/**
 * A question that was asked here is named by the message that its answer belongs to.
 *
 * @param {HTMLElement} article
 * @param {string} chatId
 * @returns {Promise<string>} empty where the server never had it
 */
export async function idOf(article, chatId) {
  const answer = article.nextElementSibling;
  if (!article.dataset.id && answer instanceof HTMLElement && answer.dataset.id) {
    const { parentId } = await readMessage(chatId, answer.dataset.id);
    name(article, parentId ?? "");
  }
  return article.dataset.id ?? "";
}

/** @param {HTMLElement | undefined} article @param {Message} message @returns {boolean} whether it shows that as it is now */
export function shows(article, { _id, role, state, content }) {
  if (!article || article.dataset.role !== role) return false;
  const { id } = article.dataset;
  if (role === "assistant" && (id !== _id || article.dataset.state !== state)) return false;
  if (id && id !== _id) return false;
  return state === "running" || (knownSource(article) ?? content) === content;
}
