"""A conversation in this program's memory, with any OpenAI-compatible server. `sessions.Session` has the same methods
for one that a ChatStream server keeps."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Protocol, Unpack

from chatstream.client.answer import Answer, answer_of, as_message, texts
from chatstream.client.options import Messages, Options, as_messages
from chatstream.wire.chunks import Delta
from chatstream.wire.formats import WHOLE


class Streams(Protocol):
    """What is needed of an LLMClient."""

    def deltas(
        self, messages: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Generator[Delta, None, None]: ...


class Conversation:
    """One question after the other; not for several threads at once.

    What arrived of an answer is kept, with its question, also when the answer broke off or was left: the next question
    may be to go on. A question that got no text at all is not kept, so that it can be asked again.
    """

    def __init__(self, client: Streams, system_prompt: str | None = None, messages: Messages = ()) -> None:
        self.system_prompt = system_prompt
        self._client = client
        self._messages = as_messages(messages)

    def generate(
        self, message: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Answer:
        """The whole answer to the next message of the user, or to a list of messages (the results of tools).

        :raises UpstreamError: unless the answer came to its end
        """
        known: dict[str, Any] = {} if debug_info is None else debug_info
        for _ in self.deltas(message, debug_info=known, **options):
            pass
        return answer_of(known)

    def generate_stream(
        self, message: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Iterator[str]:
        """Its text, piece by piece: see `LLMClient.generate_stream`."""
        with closing(self.deltas(message, debug_info=debug_info, **options)) as deltas:
            yield from texts(deltas)

    def deltas(
        self, message: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Generator[Delta, None, None]:
        """Like `generate_stream`, with reasoning and the pieces of tool calls too."""
        asked, known = as_messages(message), dict[str, Any]()
        try:
            yield from self._client.deltas(self._said(asked), debug_info=known, **options)
        finally:
            self._remember(asked, known)
            if debug_info is not None:
                debug_info.update(known)

    def history(self) -> list[dict[str, Any]]:
        """The messages so far, in OpenAI's form; the system prompt is not among them."""
        return [dict(message) for message in self._messages]

    def delete(self) -> None:
        """Forget them."""
        self._messages.clear()

    def _said(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        return [*system, *self._messages, *asked]

    def _remember(self, asked: list[dict[str, Any]], known: dict[str, Any]) -> None:
        if known.get("state") in WHOLE:
            self._messages += [*asked, as_message(known["content"], known["tool_calls"])]
        elif known.get("content"):  # tool calls that broke off are no use to anybody
            self._messages += [*asked, as_message(known["content"])]
