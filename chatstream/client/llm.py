"""Questions to any OpenAI-compatible model server, ChatStream's own `/v1` among them."""

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Self, Unpack

from chatstream.client.answer import Answer, Growing, answer_of, texts
from chatstream.client.conversation import Conversation
from chatstream.client.opening import Door, Stream
from chatstream.client.options import Messages, Options, as_messages, chosen
from chatstream.client.sessions import Session
from chatstream.errors import UpstreamBroke, UpstreamError, UpstreamInvalid, UpstreamRefused, UpstreamTimeout
from chatstream.settings import Settings
from chatstream.upstream.deadlines import REST_S, Deadlines
from chatstream.wire.chunks import Delta
from chatstream.wire.verdict import broken

DEFAULT_URL = "http://127.0.0.1:8000/v1"


class LLMClient:
    """One model server.

    :param base_url: with the `/v1`
    :param api_key: sent as a bearer token; none is taken from the environment
    :param model: asked when a question names none; None: the first that the server lists
    :param timeout: seconds the server may take to the first token, and be silent between two; None: for ever
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        api_key: str | None = None,
        model: str | None = None,
        timeout: float | None = 120.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.model = model
        self._api_key = api_key
        self._timeout = timeout
        self._door = Door(self.base_url, api_key, timeout)

    def generate(
        self, messages: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Answer:
        """The whole answer. It is streamed all the same, so that a server notices when this program ends.

        :param debug_info: filled with all that is known of the answer, also when this raises: see `generate_stream`
        :raises UpstreamError: unless the answer came to its end
        """
        known: dict[str, Any] = {} if debug_info is None else debug_info
        for _ in self.deltas(messages, debug_info=known, **options):
            pass
        return answer_of(known)

    def generate_stream(
        self, messages: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Iterator[str]:
        """The answer's text, piece by piece as it comes. The question is sent when the first piece is asked for;
        closing the iterator closes the connection at once.

        :param debug_info: by the end, however it came, filled with `state` (docs/api.md; `stopped` if the iterator was
            closed early), `content`, `reasoning`, `tool_calls`, `finish_reason`, `model`, `usage`, `timings`, `error`
        :raises UpstreamError: behind the last piece, unless the answer came to its end
        """
        with closing(self._deltas(messages, options, debug_info)) as deltas:
            yield from texts(deltas)

    def deltas(
        self, messages: Messages, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Generator[Delta, None, None]:
        """Like `generate_stream`, with reasoning and the pieces of tool calls ({index, id, name, arguments}) too."""
        return self._deltas(messages, options, debug_info)

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        return self._door.models()

    def session(self, name: str, system_prompt: str | None = None) -> Session:
        """A conversation kept by a ChatStream server under this name (1 to 200 characters)."""
        return Session(self.base_url, name, system_prompt, api_key=self._api_key, model=self.model)

    def conversation(self, system_prompt: str | None = None, messages: Messages = ()) -> Conversation:
        """A conversation kept in this program's memory, with any server."""
        return Conversation(self, system_prompt, as_messages(messages))

    def close(self) -> None:
        """Close the connections kept for reuse."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _deltas(
        self, messages: Messages, options: Options, debug_info: dict[str, Any] | None
    ) -> Generator[Delta, None, None]:
        asked = {"messages": as_messages(messages), **chosen(options)}
        growing, deadlines = Growing(), _deadlines(self._timeout)
        try:
            growing.model = asked["model"] = asked.get("model") or self._default_model()
            with closing(self._door.open(asked)) as stream:
                yield from read(stream, growing, deadlines)
        except UpstreamError as error:
            growing.fail(error)
            raise
        finally:
            growing.end()
            if debug_info is not None:
                debug_info.update(growing.known())

    def _default_model(self) -> str:
        if self.model is None:
            try:
                self.model = next(iter(self.models()), "default")
            except (UpstreamRefused, UpstreamInvalid):
                return "default"  # a server that lists nothing has to judge for itself
        return self.model


def read(stream: Stream, growing: Growing, deadlines: Deadlines) -> Iterator[Delta]:
    """The answer's deltas as they come.

    :raises UpstreamError: behind the last, unless the answer came to its end
    """
    failure: UpstreamError | None = None
    try:
        yield from _arriving(stream, growing, deadlines)
    except (UpstreamBroke, UpstreamTimeout) as error:
        if growing.reader.finish_reason is None:  # after it only usage and [DONE] can follow, and are no loss
            failure = broken(growing.reader) if isinstance(error, UpstreamBroke) else error
    except UpstreamError as error:
        failure = error
    finally:
        held = growing.take(growing.reader.close())
    yield from held
    if failure is not None:
        raise failure
    growing.conclude()


def _arriving(stream: Stream, growing: Growing, deadlines: Deadlines) -> Iterator[Delta]:
    reader = growing.reader
    while not (reader.done or reader.error):
        try:
            events = stream.events()
        except UpstreamTimeout as error:
            raise UpstreamTimeout(deadlines.passed() or str(error)) from error
        if events is None:
            return
        if deltas := growing.feed(events):
            deadlines.content()
            yield from deltas
        if reader.finish_reason is not None and not reader.done:
            stream.end_within(REST_S)
        elif why := deadlines.passed():  # a server that sends comments alone is silent too
            raise UpstreamTimeout(why)


def _deadlines(timeout: float | None) -> Deadlines:
    seconds = math.inf if timeout is None else timeout
    return Deadlines(Settings(first_token_s=seconds, silence_s=seconds, answer_s=math.inf))
