// @ts-check
/** @import {ToolCall} from "./types.js" */

/**
 * An answer in the order in which it came: calls, and the text behind them, as `stretches` of chatstream/wire/conversation.py.
 *
 * @param {string} content
 * @param {ToolCall[]} calls
 * @returns {{calls: ToolCall[], text: string}[]} the first has no calls where text came first
 */
export function stretches(content, calls) {
  if (calls.length === 0) return [{ calls, text: content }];
  const points = [...content]; // calls count these, and not the units of JavaScript's strings
  const placed = calls.map((call) => ({ call, at: Math.min(call.at ?? 0, points.length) })).sort((a, b) => a.at - b.at);
  const ats = [...new Set([0, ...placed.map(({ at }) => at)])];
  return ats.map((at, n) => ({
    calls: placed.filter((one) => one.at === at).map(({ call }) => call),
    text: points.slice(at, ats[n + 1]).join(""),
  }));
}
