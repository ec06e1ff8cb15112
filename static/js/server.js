// @ts-check
/** @import {Chat, ChatPage, ChatWithHistory, Message, Models} from "./types.js" */
import { t } from "./words.js";

// What the page asks of its server, besides the streams.

const READ_MS = 10_000;

/** A status that is no success, in the server's words. `body` is its JSON, which may name what was saved. */
export class Refusal extends Error {
  /** @param {number} status @param {Record<string, any>} body */
  constructor(status, body) {
    super(body.message ?? t("The server answered with status {status}.", { status }));
    this.status = status;
    this.body = body;
  }

  /** @param {Response} response */
  static async of(response) {
    const body = await response.json().catch(() => ({}));
    return new Refusal(response.status, body);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} a success; throws a Refusal, or a TypeError when the server was not reached
 */
export async function request(path, init) {
  const response = await fetch(path, { headers: { "Content-Type": "application/json" }, ...init });
  if (!response.ok) throw await Refusal.of(response);
  return response;
}

/**
 * @param {{q?: string, archived?: string, before?: string}} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<ChatPage>}
 */
export async function listChats(query, signal) {
  const response = await request(`/chats?${new URLSearchParams(query)}`, { signal });
  return response.json();
}

/**
 * @param {string} id
 * @returns {Promise<ChatWithHistory>}
 */
export async function readChat(id) {
  const response = await request(`/chat/${id}`, { signal: AbortSignal.timeout(READ_MS) });
  return response.json();
}

/**
 * @param {string} chatId
 * @param {string} id
 * @returns {Promise<Message>}
 */
export async function readMessage(chatId, id) {
  const response = await request(`/chat/${chatId}/messages/${id}`, { signal: AbortSignal.timeout(READ_MS) });
  return response.json();
}

/** The message and all below it. @param {string} chatId @param {string} id The request outlives the page. */
export async function deleteMessage(chatId, id) {
  await request(`/chat/${chatId}/messages/${id}`, { method: "DELETE", keepalive: true });
}

/** Another answer beside one. @param {string} chatId @param {string} id @param {string} content @returns {Promise<Message>} */
export async function rewriteAnswer(chatId, id, content) {
  const response = await request(`/chat/${chatId}/messages/${id}/rewrite`, { method: "POST", body: JSON.stringify({ content }) });
  return response.json();
}

/** A new chat of all up to a message. @param {string} chatId @param {string} messageId @returns {Promise<Chat>} */
export async function branchOff(chatId, messageId) {
  const response = await request(`/chat/${chatId}/branch`, { method: "POST", body: JSON.stringify({ messageId }) });
  return response.json();
}

/** @param {string} id @param {object} change @returns {Promise<Chat>} as it is now */
export async function changeChat(id, change) {
  const response = await request(`/chat/${id}`, { method: "PATCH", body: JSON.stringify(change) });
  return response.json();
}

/** @param {string} id @returns {Promise<{token: string, path: string}>} */
export async function shareChat(id) {
  const response = await request(`/chat/${id}/share`, { method: "POST" });
  return response.json();
}

/** @param {string} id */
export async function unshareChat(id) {
  await request(`/chat/${id}/share`, { method: "DELETE" });
}

/** @param {string} id The request outlives the page. */
export async function deleteChat(id) {
  await request(`/chat/${id}`, { method: "DELETE", keepalive: true });
}

/** @param {string} runId @returns {Promise<{state: string}>} */
export async function readRun(runId) {
  const response = await request(`/runs/${runId}`, { signal: AbortSignal.timeout(READ_MS) });
  return response.json();
}

/** @param {string} runId */
export async function stopRun(runId) {
  await request(`/runs/${runId}/stop`, { method: "POST" });
}

/**
 * Where the coloured words of some code begin and end, and of which kind they are.
 *
 * @param {string} language @param {string} code
 * @returns {Promise<[number, number, string][]>}
 */
export async function highlight(language, code) {
  const body = JSON.stringify({ language, code });
  const response = await request("/highlight", { method: "POST", body, signal: AbortSignal.timeout(READ_MS) });
  return (await response.json()).ranges;
}

/** MathML of formulas; empty of those that are not understood. @param {{latex: string, display: boolean}[]} formulas @returns {Promise<string[]>} */
export async function mathml(formulas) {
  const response = await request("/maths", { method: "POST", body: JSON.stringify({ formulas }) });
  return (await response.json()).mathml;
}

/** @returns {Promise<Models>} */
export async function readModels() {
  const response = await request("/models");
  return response.json();
}
