// @ts-check
// The shapes of docs/api.md, for the type checker alone.

/**
 * @typedef {"running" | "complete" | "length" | "filtered" | "stopped" | "truncated" | "stalled" | "upstream_error" |
 *   "interrupted"} State
 * @typedef {{message: string, code: string}} Problem
 * @typedef {{completion_tokens?: number}} Usage
 * @typedef {{firstTokenMs?: number | null, totalMs?: number, tokensPerSecond?: number | null, thoughtMs?: number}} Timings
 *
 * @typedef {{runId: string, chatId: string, messageId: string}} Ids  The first frame.
 * @typedef {{index?: number, id?: string | null, name?: string | null, arguments?: string | null,
 *   result?: string, failed?: boolean, at?: number}} ToolCall  With a result, where it was run on the server; `at`: characters of the
 *   text before it, as code points.
 * @typedef {{index?: number, content: string, failed?: boolean}} ToolResult
 * @typedef {{state: string, error?: Problem | null, usage?: Usage | null, timings?: Timings | null,
 *   model?: string | null}} Ending  The last frame; also a state of the page's own, named in `_endings.html`.
 * @typedef {Partial<Ids> & Partial<Ending> & {text?: string, reasoning?: string, toolCall?: ToolCall,
 *   toolResult?: ToolResult}} Frame
 * @typedef {{id: number, data: Frame}} NumberedFrame
 *
 * @typedef {{prompt?: string, retry?: string, continue?: string, parentId?: string, chatId: string | null, tools?: string[],
 *   system?: string, params?: Params, requestId: string, stream: boolean, files?: string[]}} Submission
 * @typedef {{model?: string, temperature?: number, top_p?: number, max_tokens?: number, frequency_penalty?: number,
 *   presence_penalty?: number, seed?: number, stop?: string[], reasoning_effort?: string}} Params
 * @typedef {{system: string, params: Params}} Settings
 * @typedef {Settings & {_id: string, name: string, default: boolean}} Preset
 * @typedef {{default: string, providers: {name: string, models: string[], message: string,
 *   state: "ready" | "loading" | "busy" | "refused" | "failed" | "unreachable"}[]}} Models
 * @typedef {Ids & Ending & {completion: string}} WholeAnswer  What `stream: false` answers.
 * @typedef {{text: string, found: boolean}} Piece  Some text, and whether it is a word that was searched.
 * @typedef {{_id: string, title: string, updatedAt: string, pinned: boolean, archived: boolean, titled?: "words" | "model" | "user",
 *   found?: {title: Piece[], snippet: Piece[], messageId: string | null}}} Chat
 * @typedef {{_id: string, name: string, type: string, size: number, path: string}} Attached  A file of a question.
 * @typedef {{prompt: string, files: Attached[]}} Asked  A question, and what goes with it.
 * @typedef {Ending & {_id: string, content: string, files?: Attached[], reasoning?: string, runId?: string | null,
 *   parentId?: string | null, role?: "user" | "assistant", toolCalls?: ToolCall[] | null}} Message
 * @typedef {Message & {siblings: string[]}} Placed  With the ids of all that share its place.
 * @typedef {{content?: string, reasoning?: string, tool_call?: {id: string, name: string, arguments: string},
 *   tool_result?: {id: string, name: string, content: string, failed: boolean}, done?: true, finish_reason?: string,
 *   state?: string, usage?: Usage, session_id?: string}} LlmFrame  One of the first four, or the last one.
 *
 * @typedef {{chats: Chat[], before: string | null}} ChatPage
 * @typedef {Chat & {tools: string[], system: string | null, params: Params, leafId: string | null, history: Message[]}} ChatWithHistory
 */

export {};
