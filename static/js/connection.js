// @ts-check
import { presence } from "./presence.js";

/** A connection that sent nothing for this long, not even a comment, is taken for dead; the server's heart beats every 15 s. */
const SILENCE_MS = 45_000;
const LOOK_MS = 1_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;

/**
 * A response's head, or an error: a request that hangs is given up like a connection that hangs.
 *
 * @param {string} path
 * @param {RequestInit} init
 * @param {AbortSignal} signal
 * @param {number} [silence] in milliseconds
 * @returns {Promise<Response>}
 */
export async function reach(path, init, signal, silence) {
  const attempt = new AbortController();
  const given = AbortSignal.any([signal, attempt.signal]);
  try {
    return await alive(fetch(path, { ...init, signal: given }), signal, silence);
  } catch (error) {
    attempt.abort();
    throw error;
  }
}

/**
 * A dead connection may say nothing for minutes. So it is given up after a silence, and where it has probably died: when
 * the browser is back online, or the tab is shown again. A tab that nobody looks at leaves it, and comes back later.
 *
 * @template T
 * @param {Promise<T>} awaited what the connection brings next
 * @param {AbortSignal} signal
 * @param {number} [silence] in milliseconds
 * @returns {Promise<T>} rejects with what ended the connection
 */
export function alive(awaited, signal, silence = SILENCE_MS) {
  const since = Date.now();
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const dead = () => reject(new Error("The connection is dead."));
    // By the clock on the wall: a timer of the whole silence would stand still while the machine sleeps.
    const look = () => (presence.away || Date.now() - since > silence) && dead();
    const timer = setInterval(look, LOOK_MS);
    over.signal.addEventListener("abort", () => clearInterval(timer));
    presence.addEventListener("doubt", dead, { signal: over.signal });
    signal.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
    awaited.then(resolve, reject);
    look();
  }).finally(() => over.abort());
}

/**
 * Wait before the next attempt, with jitter so that a restarted server is not met by everyone at once. The wait grows
 * with the time that has passed, to about two fifths of it, so that a server that is back is soon met. Coming back to
 * this tab, or online, ends it.
 *
 * @param {number} failed attempts so far, from 1
 * @param {AbortSignal} signal ends the wait too
 * @returns {Promise<void>}
 */
export function pause(failed, signal) {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.4 ** (failed - 1));
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => (done.abort(), resolve());
    const timer = setTimeout(end, longest * (0.5 + Math.random() / 2));
    done.signal.addEventListener("abort", () => clearTimeout(timer));
    presence.addEventListener("back", end, { signal: done.signal });
    signal.addEventListener("abort", end, { signal: done.signal });
  });
}
