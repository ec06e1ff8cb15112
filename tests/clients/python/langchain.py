"""langchain-openai: its chat model, and its model for `/v1/completions`."""

import json
from functools import reduce
from operator import add
from typing import Any

from jobs import TOOL, Got, Job, leaves, serve
from langchain_openai import ChatOpenAI, OpenAI


def chat(job: Job) -> Any:
    settings = {"base_url": job["url"], "api_key": "none", "max_retries": job["retries"]}
    model = ChatOpenAI(model=job["model"], stream_usage=job["usage"], **settings)
    return model.bind_tools([TOOL]) if job["tools"] else model


def stream(job: Job, got: Got) -> None:
    chunks = []
    streamed = chat(job).stream(job["messages"])
    for chunk in streamed:
        chunks.append(chunk)
        got["pieces"] += [chunk.content] if chunk.content else []
        take(chunk, got)
        if leaves(job, got):
            streamed.close()
            return
    take_calls(reduce(add, chunks), got)


def take(answer: Any, got: Got) -> None:
    got["finish"] = answer.response_metadata.get("finish_reason") or got["finish"]
    got["usage"] = (answer.usage_metadata or {}).get("output_tokens") or got["usage"]
    got["reasoning"] += answer.additional_kwargs.get("reasoning_content", "")


def take_calls(answer: Any, got: Got) -> None:
    for call in answer.tool_calls:
        got["calls"].append({"id": call["id"], "name": call["name"], "arguments": json.dumps(call["args"])})


def whole(job: Job, got: Got) -> None:
    answer = chat(job).invoke(job["messages"])
    got["pieces"] = [answer.content]
    take(answer, got)
    take_calls(answer, got)


def completion(job: Job) -> OpenAI:
    settings = {"base_url": job["url"], "api_key": "none", "max_retries": job["retries"]}
    return OpenAI(model=job["model"], **settings)


def complete_stream(job: Job, got: Got) -> None:
    streamed = completion(job).stream("Once")
    for piece in streamed:
        got["pieces"] += [piece] if piece else []
        if leaves(job, got):
            streamed.close()
            return


def complete(job: Job, got: Got) -> None:
    got["pieces"] = [completion(job).invoke("Once")]


serve({do.__name__: do for do in (stream, whole, complete, complete_stream)})
