// The loop of a client's process: a job per line of standard input, what came of it per line of standard output.
// The same as tests/clients/python/jobs.py; the shapes are given there.
import { createInterface } from "node:readline";

export const parameters = { type: "object", properties: { city: { type: "string" } } };

export const serve = (doing) => lines((job) => outcome(doing[job.do], job));

export async function lines(act) {
  for await (const line of createInterface({ input: process.stdin })) {
    const got = await act(JSON.parse(line)).catch((error) => ({ failure: error.stack }));
    console.log(JSON.stringify(got));
  }
}

async function outcome(act, job) {
  const got = { models: null, pieces: [], reasoning: "", calls: [], finish: null, usage: null, error: null, left_at: null };
  try {
    await act(job, got);
  } catch (error) {
    got.error = told(error);
  }
  return got;
}

export function told(raised) {
  const error = raised.lastError ?? raised; // what the AI SDK wraps once it has tried again
  const headers = error.headers ?? error.responseHeaders;
  return {
    type: error.constructor.name,
    status: error.status ?? error.statusCode ?? null,
    message: error.message ?? JSON.stringify(error),
    retry_after: (headers?.get ? headers.get("retry-after") : headers?.["retry-after"]) ?? null,
  };
}

// Whether the reader goes now: at its `leave_after`-th piece. Notes when, in seconds since 1970.
export function leaves(job, got) {
  if (got.pieces.length !== job.leave_after) return false;
  got.left_at = Date.now() / 1000;
  return true;
}
