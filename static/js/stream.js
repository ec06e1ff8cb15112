// @ts-check
/** @import {NumberedFrame} from "./types.js" */
import { alive } from "./connection.js";
import { events } from "./sse.js";

/**
 * The frames of a run, as docs/api.md §1 writes them. Ends when the body ends; throws what the network throws, and gives a
 * dead connection up.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} signal leaves the stream
 * @returns {AsyncGenerator<NumberedFrame, void, void>}
 */
export async function* frames(body, signal) {
  for await (const { id, data } of events(body, (read) => alive(read, signal))) yield { id: Number(id), data: JSON.parse(data) };
}
