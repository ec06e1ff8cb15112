// React's useChat, in a component that React renders: a page without a document, for which react-test-renderer is enough
// (React calls it deprecated, and still makes it with every release). Jobs mount it, act on it, look at it.
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";
import { createElement, useLayoutEffect } from "react";
import { create } from "react-test-renderer";
import { lines } from "./jobs.mjs";

const PATIENCE_MS = 15_000;
const shown = { chat: null, statuses: [] };
let page;

function Page({ url, id, messages, resume, body }) {
  const transport = new DefaultChatTransport({ api: `${url}/api/ui/chat`, body });
  const chat = useChat({ id, messages, resume, transport, onError() {} });
  useLayoutEffect(() => {
    shown.chat = chat;
    if (shown.statuses.at(-1) !== chat.status) shown.statuses.push(chat.status);
  });
  return chat.messages.map((message) => createElement("p", { key: message.id }, textOf(message)));
}

const textOf = (message) =>
  message.parts.filter((part) => part.type === "text").map((part) => part.text).join("");

async function mount(job) {
  page?.unmount();
  shown.chat = null;
  shown.statuses = [];
  page = create(createElement(Page, job));
  await until(() => shown.chat);
}

async function until(holds) {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${JSON.stringify(look())}`);
    await new Promise((resume) => setTimeout(resume, 5));
  }
}

// What the hook gave at the last rendering, and what React rendered of it.
function look() {
  const { status, error, messages } = shown.chat;
  const rendered = [page.toJSON() ?? []].flat().map((p) => (p.children ?? []).join(""));
  return { status, statuses: shown.statuses, error: error?.message ?? null, messages, rendered };
}

// Begins a request, and waits until that is to be seen.
async function begin(request) {
  const before = shown.statuses.length;
  request();
  await until(() => shown.statuses.length > before);
}

const doing = {
  mount,
  unmount: () => page.unmount(),
  send: (job) => begin(() => shown.chat.sendMessage({ text: job.text, messageId: job.message })),
  regenerate: () => begin(() => shown.chat.regenerate()),
  stop: () => shown.chat.stop(),
  until: (job) =>
    until(() => {
      const seen = look();
      return (!job.status || seen.status === job.status) && (!job.text || seen.rendered.at(-1) === job.text);
    }),
};

await lines(async (job) => {
  await doing[job.do](job);
  return job.do === "unmount" ? {} : look();
});
