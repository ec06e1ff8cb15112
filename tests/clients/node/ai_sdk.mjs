// The AI SDK with its provider for OpenAI-compatible servers.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { leaves, parameters, serve, told } from "./jobs.mjs";

const tools = { clock: tool({ description: "The time in a city", inputSchema: jsonSchema(parameters) }) };

const provider = (job) =>
  createOpenAICompatible({ name: "chatstream", baseURL: job.url, apiKey: "none", includeUsage: job.usage });

const chat = (job) => ({
  model: provider(job).chatModel(job.model),
  messages: job.messages,
  maxRetries: job.retries,
  ...(job.tools ? { tools } : {}),
});

const completion = (job) => ({
  model: provider(job).completionModel(job.model),
  prompt: "Once",
  maxRetries: job.retries,
});

async function read(settings, job, got) {
  const controller = new AbortController();
  const { fullStream } = streamText({ ...settings, abortSignal: controller.signal, onError() {} });
  for await (const part of fullStream) {
    take(part, got);
    if (leaves(job, got)) controller.abort();
  }
}

function take(part, got) {
  if (part.type === "text-delta") got.pieces.push(part.text);
  if (part.type === "reasoning-delta") got.reasoning += part.text;
  if (part.type === "tool-call") got.calls.push(called(part));
  if (part.type === "error") got.error = told(part.error);
  if (part.type === "finish") {
    got.finish = part.finishReason;
    got.usage = part.totalUsage.outputTokens ?? null;
  }
}

const called = (call) => ({ id: call.toolCallId, name: call.toolName, arguments: JSON.stringify(call.input) });

async function generate(settings, got) {
  const answer = await generateText(settings);
  got.pieces = [answer.text];
  got.finish = answer.finishReason;
  got.usage = answer.usage.outputTokens ?? null;
  got.reasoning = answer.reasoningText ?? "";
  got.calls = answer.toolCalls.map(called);
}

await serve({
  stream: (job, got) => read(chat(job), job, got),
  whole: (job, got) => generate(chat(job), got),
  complete_stream: (job, got) => read(completion(job), job, got),
  complete: (job, got) => generate(completion(job), got),
});
