// openai-node.
import OpenAI from "openai";
import { leaves, parameters, serve } from "./jobs.mjs";

const tools = [{ type: "function", function: { name: "clock", description: "The time in a city", parameters } }];

const client = (job) => new OpenAI({ baseURL: job.url, apiKey: "none", maxRetries: job.retries });

async function models(job, got) {
  got.models = [];
  for await (const model of client(job).models.list()) got.models.push(model.id);
}

async function stream(job, got) {
  const asked = { model: job.model, messages: job.messages, stream: true };
  if (job.tools) asked.tools = tools;
  if (job.usage) asked.stream_options = { include_usage: true };
  const chunks = await client(job).chat.completions.create(asked);
  for await (const chunk of chunks) {
    got.usage = chunk.usage?.completion_tokens ?? got.usage;
    for (const choice of chunk.choices) {
      take(choice.delta, got);
      got.finish = choice.finish_reason ?? got.finish;
    }
    if (leaves(job, got)) return chunks.controller.abort();
  }
}

function take(delta, got) {
  if (delta.content) got.pieces.push(delta.content);
  got.reasoning += delta.reasoning_content ?? "";
  for (const piece of delta.tool_calls ?? []) {
    got.calls[piece.index] ??= { id: piece.id, name: piece.function.name, arguments: "" };
    got.calls[piece.index].arguments += piece.function.arguments ?? "";
  }
}

async function whole(job, got) {
  const asked = { model: job.model, messages: job.messages };
  if (job.tools) asked.tools = tools;
  const answer = await client(job).chat.completions.create(asked);
  const [choice] = answer.choices;
  got.pieces = [choice.message.content];
  got.finish = choice.finish_reason;
  got.usage = answer.usage?.completion_tokens ?? null;
  got.reasoning = choice.message.reasoning_content ?? "";
  for (const call of choice.message.tool_calls ?? []) got.calls.push({ id: call.id, ...call.function });
}

async function complete_stream(job, got) {
  const asked = { model: job.model, prompt: "Once", stream: true, stream_options: { include_usage: true } };
  const chunks = await client(job).completions.create(asked);
  for await (const chunk of chunks) {
    got.usage = chunk.usage?.completion_tokens ?? got.usage;
    for (const choice of chunk.choices) {
      if (choice.text) got.pieces.push(choice.text);
      got.finish = choice.finish_reason ?? got.finish;
    }
    if (leaves(job, got)) return chunks.controller.abort();
  }
}

async function complete(job, got) {
  const answer = await client(job).completions.create({ model: job.model, prompt: "Once" });
  got.pieces = [answer.choices[0].text];
  got.finish = answer.choices[0].finish_reason;
  got.usage = answer.usage?.completion_tokens ?? null;
}

await serve({ models, stream, whole, complete, complete_stream });
