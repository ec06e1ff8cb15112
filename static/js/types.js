// @ts-check
// The shapes of docs/api.md, for the type checker alone.

/**
 * @typedef {"running" | "complete" | "length" | "filtered" | "stopped" | "truncated" | "stalled" | "upstream_error" |
 *   "interrupted"} State
 * @typedef {{message: string, code: string}} Problem
 * @typedef {{completion_tokens?: number}} Usage
 * @typedef {{firstTokenMs?: number | null, totalMs?: number, tokensPerSecond?: number | null}} Timings
 *
 * @typedef {{runId: string, chatId: string, messageId: string}} Ids  The first frame.
 * @typedef {{index?: number, id?: string | null, name?: string | null, arguments?: string | null}} ToolCall
 * @typedef {{state: string, error?: Problem | null, usage?: Usage | null, timings?: Timings | null,
 *   model?: string | null}} Ending  The last frame; also a state of the page's own, named in `_endings.html`.
 * @typedef {Partial<Ids> & Partial<Ending> & {text?: string, reasoning?: string, toolCall?: ToolCall}} Frame
 * @typedef {{id: number, data: Frame}} NumberedFrame
 *
 * @typedef {{prompt?: string, retry?: string, continue?: string, chatId: string | null, requestId: string, stream: boolean}} Submission
 * @typedef {Ids & Ending & {completion: string}} WholeAnswer  What `stream: false` answers.
 * @typedef {{_id: string, title: string}} Chat
 * @typedef {Ending & {_id: string, content: string, reasoning?: string, runId?: string | null,
 *   parentId?: string | null, role?: "user" | "assistant", toolCalls?: ToolCall[] | null}} Message
 * @typedef {{chats: Chat[], before: string | null}} ChatPage
 * @typedef {Chat & {leafId: string | null, history: Message[]}} ChatWithHistory
 */

export {};
