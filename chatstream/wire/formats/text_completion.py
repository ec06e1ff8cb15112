"""OpenAI's text completions (https://platform.openai.com/docs/api-reference/completions), told from a chat.

For model servers that have only chat: the prompt becomes a message, and the chunks that come back are told anew.
"""

import json
from collections.abc import Iterable
from typing import Any

from chatstream.errors import BadRequest
from chatstream.wire.completion import parsed
from chatstream.wire.sse import Event
from chatstream.wire.thinking import ThinkTags

_NOT_OF_CHAT = ("prompt", "echo", "suffix", "best_of", "logprobs")
_WHY = "The model server of this model has no text completions, and in a chat {}."


class Retelling:
    """One request: of a text completion as it is, until `as_chat` is called.

    :param fields: the request's body
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._chat = False
        self._thoughts: dict[int, ThinkTags] = {}

    def as_chat(self) -> dict[str, Any]:
        """The body of a chat completion that asks the same. From now on `events` tells what comes anew.

        :raises BadRequest: if a chat cannot do what is asked
        """
        fields = self._fields
        content = _only(fields["prompt"])
        if fields.get("suffix"):
            raise BadRequest(_WHY.format("nothing can be put in before a suffix"))
        if fields.get("logprobs") is not None:
            raise BadRequest(_WHY.format("logprobs have another form: leave them out"))
        if fields.get("best_of") not in (None, fields.get("n") or 1):
            raise BadRequest(_WHY.format("there is no best_of"))
        self._chat = True
        kept = {name: value for name, value in fields.items() if name not in _NOT_OF_CHAT}
        return {**kept, "messages": [{"role": "user", "content": content}]}

    def events(self, events: Iterable[Event]) -> list[Event]:
        """Upstream's events as those of a text completion.

        One for each, also where it has no text: a reader sees that the model is at work.

        :raises UpstreamInvalid: for what is no chunk
        """
        return [Event(self._chunk(event.data)) if self._chat else event for event in events]

    def _chunk(self, data: str) -> str:
        chunk = parsed(data)
        choices = [self._choice(choice) for choice in chunk.get("choices") or ()]
        # In ASCII: a half of a character goes on as it came.
        return json.dumps({**chunk, "object": "text_completion", "choices": choices}, separators=(",", ":"))

    def _choice(self, choice: dict[str, Any]) -> dict[str, Any]:
        index, delta, reason = choice.get("index") or 0, choice.get("delta") or {}, choice.get("finish_reason")
        begins = index not in self._thoughts
        thoughts = self._thoughts.setdefault(index, ThinkTags())
        parts = thoughts.feed(delta.get("content") or delta.get("refusal") or "")
        parts += thoughts.close() if reason else []
        text = "".join(part for kind, part in parts if kind == "text")
        if begins and self._fields.get("echo"):
            text = f"{_only(self._fields['prompt'])}{text}"
        return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _only(prompt: Any) -> str:
    """The text of a prompt, alone or in a list."""
    first = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    if not isinstance(first, str):
        raise BadRequest(_WHY.format("there can be one prompt, as text"))
    return first
