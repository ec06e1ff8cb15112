"""openai-python, the version of the Python that runs this."""

from typing import Any

import openai
from jobs import TOOL, Got, Job, leaves, serve


def client(job: Job) -> openai.OpenAI:
    return openai.OpenAI(base_url=job["url"], api_key="none", max_retries=job["retries"])


def models(job: Job, got: Got) -> None:
    got["models"] = [model.id for model in client(job).models.list()]


def stream(job: Job, got: Got) -> None:
    options: dict[str, Any] = {"tools": [TOOL]} if job["tools"] else {}
    if job["usage"]:
        options["stream_options"] = {"include_usage": True}
    asked = {"model": job["model"], "messages": job["messages"], "stream": True, **options}
    with client(job).chat.completions.create(**asked) as chunks:
        for chunk in chunks:
            take_usage(chunk, got)
            for choice in chunk.choices:
                take(choice.delta, got)
                got["finish"] = choice.finish_reason or got["finish"]
            if leaves(job, got):
                return


def take_usage(answer: Any, got: Got) -> None:
    got["usage"] = answer.usage.completion_tokens if answer.usage else got["usage"]


def take(delta: Any, got: Got) -> None:
    got["pieces"] += [delta.content] if delta.content else []
    got["reasoning"] += getattr(delta, "reasoning_content", None) or ""
    for piece in delta.tool_calls or []:
        if piece.index == len(got["calls"]):
            got["calls"].append({"id": piece.id, "name": piece.function.name, "arguments": ""})
        got["calls"][piece.index]["arguments"] += piece.function.arguments or ""


def whole(job: Job, got: Got) -> None:
    options: dict[str, Any] = {"tools": [TOOL]} if job["tools"] else {}
    answer = client(job).chat.completions.create(model=job["model"], messages=job["messages"], **options)
    take_usage(answer, got)
    (choice,) = answer.choices
    got["pieces"], got["finish"] = [choice.message.content], choice.finish_reason
    got["reasoning"] = getattr(choice.message, "reasoning_content", "")
    for call in choice.message.tool_calls or []:
        got["calls"].append({"id": call.id, "name": call.function.name, "arguments": call.function.arguments})


def complete_stream(job: Job, got: Got) -> None:
    asked = {"model": job["model"], "prompt": "Once", "stream": True, "stream_options": {"include_usage": True}}
    with client(job).completions.create(**asked) as chunks:
        for chunk in chunks:
            take_usage(chunk, got)
            for choice in chunk.choices:
                got["pieces"] += [choice.text] if choice.text else []
                got["finish"] = choice.finish_reason or got["finish"]
            if leaves(job, got):
                return


def complete(job: Job, got: Got) -> None:
    answer = client(job).completions.create(model=job["model"], prompt="Once")
    take_usage(answer, got)
    got["pieces"], got["finish"] = [answer.choices[0].text], answer.choices[0].finish_reason


serve({do.__name__: do for do in (models, stream, whole, complete, complete_stream)})
