"""What the demo model says: a table of patterns and answers, and the cutter that makes tokens of a text.

Pure and deterministic: the same question always gets the same answer. Nothing here claims to be a language model.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

SPEEDS: Mapping[str, float] = {"demo": 40, "demo-fast": 400, "demo-slow": 6}
"""The demo's models and the tokens a second each of them writes."""
COUNT_MAX = 10_000


class Tool(NamedTuple):
    """A function the request offers; `parameters` is its JSON Schema."""

    name: str
    parameters: Mapping[str, Any]


class ToolCall(NamedTuple):
    """A function the demo asks for; `arguments` is JSON."""

    name: str
    arguments: str


class Answer(NamedTuple):
    """Reasoning first, if any, then content, then the tool call, if any."""

    content: str = ""
    reasoning: str = ""
    tool_call: ToolCall | None = None


class Asked(NamedTuple):
    """What an answer may look at: the pattern's match in the question, and the tools on offer."""

    match: re.Match[str]
    tools: Sequence[Tool]


def answer(question: str, tools: Sequence[Tool] = (), results: Sequence[str] = ()) -> Answer:
    """The answer to a conversation.

    :param question: the text of the last user message
    :param tools: what the request offers to call
    :param results: the tool messages that end the conversation; where there are any, the answer is about them
    """
    if results:
        return _about_results(results)
    found = ((pattern.search(question), reply) for pattern, reply in _REPLIES)
    return next(reply(Asked(match, tools)) for match, reply in found if match)


# The cutter. Marks (accents, vowel signs, variation selectors) are no word characters to `re`, so they are listed.
_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c).startswith("M"))
_SKIN, _TAGS, _SELECTORS = "\U0001f3fb-\U0001f3ff", "\U000e0020-\U000e007f", "\U000e0100-\U000e01ef"
_EXTEND = f"[{_MARKS}{_SKIN}{_TAGS}{_SELECTORS}]"
_WORD = rf"\w(?:{_EXTEND}|[\u200c\u200d]){{0,16}}"
_GLYPH = rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s]){_EXTEND}{{0,16}}"
_PIECE = re.compile(
    r"(?:\r?\n){1,8}"
    rf"| ?(?:{_WORD}){{1,24}}(?:['’](?:{_WORD}){{1,2}})?"
    r"| ?([!-/:-@\[-`{-~])\1{1,15}"  # ``` and --- and ** are one token each
    rf"| ?{_GLYPH}(?:\u200d\S{_EXTEND}{{0,16}}){{0,8}}"  # an emoji, with all that a zero-width joiner ties to it
    r"|[ \t]{1,16}"
    r"|\s"
)


def pieces(text: str) -> list[str]:
    """Cut a text into tokens: a word with the space before it, a punctuation mark, line ends, an emoji.

    Joined, they are the text again. Each is bounded, so a text without spaces is still many tokens.
    """
    return [match.group() for match in _PIECE.finditer(text)]


def _echo(asked: Asked) -> Answer:
    return Answer(asked.match["text"] or "")


def _count(asked: Asked) -> Answer:
    digits = asked.match["number"].replace(",", "").lstrip("0")
    if not digits:
        return Answer("Counting begins at 1, so there is nothing to say up to 0.")
    if len(digits) > len(str(COUNT_MAX)) or int(digits) > COUNT_MAX:
        return Answer(f"The demo counts to {COUNT_MAX} at most. Ask for a smaller number.")
    return Answer(" ".join(map(str, range(1, int(digits) + 1))))


def _tool(asked: Asked) -> Answer:
    if not asked.tools:
        return Answer(_NO_TOOLS)
    named = [tool for tool in asked.tools if tool.name.casefold() in asked.match.string.casefold()]
    chosen = (named or asked.tools)[0]
    return Answer(tool_call=ToolCall(chosen.name, _arguments(chosen.parameters)))


def _arguments(parameters: Mapping[str, Any]) -> str:
    known = properties if isinstance(properties := parameters.get("properties"), dict) else {}
    return msgspec.json.encode({name: _sample(schema) for name, schema in known.items()}).decode()


def _sample(schema: object) -> object:
    """What the schema offers, else a value of the right type: the demo does not know what the argument means."""
    known = schema if isinstance(schema, dict) else {}
    offered = known.get("examples") or ([known["default"]] if "default" in known else known.get("enum"))
    if isinstance(offered, list) and offered:
        return offered[0]
    samples: dict[str, object] = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None}
    return samples.get(str(known.get("type")), "demo")


def _about_results(results: Sequence[str]) -> Answer:
    quotes = "\n\n".join("\n".join(f"> {line}" for line in result.split("\n")) for result in results)
    return Answer(f"The tool answered:\n\n{quotes}\n\nThe demo quotes it as it came; a model would now use it.")


def _think(asked: Asked) -> Answer:
    return Answer(_REASONED, reasoning=_REASONING.format(question=_first_words(asked.match.string)))


def _long_text() -> str:
    """About 20 000 tokens."""
    sections = ["# A long answer\n\nThis text is made by arithmetic, to show how a page copes with a long one."]
    for number in range(1, 169):
        needs = {name.replace("-", "_"): f"{100 * number / speed:.1f}" for name, speed in SPEEDS.items()}
        sections.append(_LONG_SECTION.format(number=number, tokens=100 * number, words=75 * number, **needs))
    return "\n\n".join(sections)


def _anything_else(asked: Asked) -> Answer:
    return Answer(_DEFAULT.format(question=_first_words(asked.match.string)))


def _first_words(text: str) -> str:
    words = pieces(" ".join(text.split()))
    return "".join(words[:10]) + ("…" if len(words) > 10 else "")


def _text(content: str) -> Callable[[Asked], Answer]:
    return lambda _: Answer(content)


_STREAMING = """A language model writes one token after the other. **Streaming** sends each of them on as soon as it \
exists, where a plain request holds all of them back until the last one is written. The whole answer takes as long as \
before, but the first word is there at once, and a reader who sees it going the wrong way can stop it.

1. The client sends its messages with `"stream": true`.
2. The server answers `200` with `Content-Type: text/event-stream` and leaves the response open.
3. Every step is a line `data: {…}` holding a `chat.completion.chunk`; the new text is in `choices[0].delta.content`.
4. The last chunk of the answer names a `finish_reason`, and `data: [DONE]` ends the stream.

With the `openai` package that is a loop:

```python
stream = client.chat.completions.create(model="demo", messages=messages, stream=True)
for chunk in stream:
    if chunk.choices:  # empty on the chunk that carries the usage
        print(chunk.choices[0].delta.content or "", end="", flush=True)
```

| `finish_reason` | the answer |
|---|---|
| `stop` | came to its end, or to a stop sequence |
| `length` | reached the limit on tokens |
| `tool_calls` | asks for a function to be called |
| `content_filter` | lost something to a filter |

Failure is harder than with a plain request. Once the headers are out, the status stays `200`, so a later error has to \
travel inside the stream. And a connection that simply closes may look like a normal end: an answer without a \
`finish_reason` was cut short, however complete it reads."""

_SSE = """**Server-sent events** (SSE) are a plain way for a server to keep talking: one HTTP response that stays \
open, of the type `text/event-stream`, holding lines of UTF-8. The WHATWG HTML standard defines the format and \
`EventSource`, the browser's client for it. An event is a few lines, and the blank line after them delivers it:

```text
: a line that begins with a colon is a comment

id: 7
data: first line
data: second line
```

| field | means |
|---|---|
| `data` | the payload; several lines are joined with a line feed |
| `event` | the type to dispatch; without it, `message` |
| `id` | kept by the client, sent back as `Last-Event-ID` when it reconnects |
| `retry` | milliseconds to wait before reconnecting |

`EventSource` reconnects on its own, which is its great strength. Its limits: it sends only `GET`, it cannot set \
headers such as `Authorization`, and over HTTP/1.1 browsers allow about six connections to one origin. Chat pages \
therefore often read the same format with `fetch`. A part of it may end anywhere, even inside a line:

```js
const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
for (let part = await reader.read(); !part.done; part = await reader.read()) feed(part.value);
```

Comments make good heartbeats: the standard suggests one about every 15 seconds against proxies that drop silent \
connections. `data: [DONE]` is no part of SSE; it is how OpenAI's format says that a stream is over."""

_RECONNECTING = """Connections break: trains enter tunnels, laptops sleep, proxies restart. What matters is that the \
*answer* does not break with them. So the server numbers its events and keeps them, and the client says which one it \
saw last; the server continues with the next, here 42, and nothing is lost or repeated.

```http
GET /runs/65f0c0ffee65f0c0ffee65f0/events HTTP/1.1
Last-Event-ID: 41
```

`EventSource` sends that header by itself. What it does next depends on what it gets:

| it gets | it does |
|---|---|
| `200` with `text/event-stream` | goes on |
| a network error, or the end of the response | waits, then reconnects |
| `204`, any other status, or another `Content-Type` | stops for good |

So a server says `204` once an answer was read to its end; otherwise the browser would ask for ever. `fetch` does none \
of this: a page that uses it remembers the last id, waits a little longer after each failure, and tries again at once \
when the browser reports `online`.

A reconnect must never ask the model anew, or every tunnel would be paid for twice. In ChatStream an answer belongs to \
no connection: it is written to its end and recorded, whether anybody is watching or not. Reload the page in the \
middle of an answer to see it."""

_BUFFERING = """When words arrive in clumps, or all at once at the end, something on the way is **buffering**. Often \
it is a reverse proxy: nginx collects responses by default, because that frees ordinary servers early. For a stream it \
has to be told otherwise.

```nginx
location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_http_version 1.1;
    proxy_buffering off;
}
```

| setting | default | with streams |
|---|---|---|
| `proxy_buffering` | `on` | `off`, or `X-Accel-Buffering: no` in the response |
| `proxy_read_timeout` | `60s` | counts between two reads, so a heartbeat keeps it from ending |
| `gzip_types` | `text/html` | leave `text/event-stream` out: compression waits for more text |

To find the culprit, take away one hop at a time and watch with `curl -N`, which does not buffer its own output.

**Backpressure** is the opposite case: the reader is slower than the writer. The operating system's buffers fill, \
TCP's receive window shrinks to nothing, and the server's next write has to wait. A server that relays one piece at a \
time then reads the model more slowly too; one that queues for each reader pays in memory. ChatStream keeps each \
answer once, and a reader is only a position in it: a slow one takes all it missed in one piece as soon as it can."""

_TOKENS = """A **token** is the unit a language model reads and writes: a common word, a part of a rarer one, a mark, \
often with the space before it. Tokenizers learn these pieces from text, commonly by *byte-pair encoding*: begin with \
single bytes and keep merging the pair that occurs most often. In English a token is about four characters, or three \
quarters of a word; many other languages need more tokens for the same sentence.

Limits and prices are counted in them. `max_tokens` bounds an answer, and one that reaches the bound ends with \
`finish_reason: "length"`. The counts come back as `usage`; in a stream only if they are asked for, and then in one \
more chunk without choices, just before `data: [DONE]`:

```json
{"model": "demo", "stream": true, "stream_options": {"include_usage": true}}
```

| model of this demo | tokens a second | 300 tokens take |
|---|---|---|
| `demo` | 40 | 7.5 s |
| `demo-fast` | 400 | 0.75 s |
| `demo-slow` | 6 | 50 s |

This demo has no learnt vocabulary. It cuts at words and punctuation, so its counts differ from a real tokenizer's."""

_MARKDOWN = """# Markdown, as it streams

A page that shows Markdown while it arrives draws *half-finished* things: a list with one item, a table without rows, \
a code block whose closing fence is still on its way.

- **strong**, *emphasis* and `inline code`
- a [link to the standard](https://commonmark.org)
  - and an item inside

## A table and a code block

| construct | begins with | is finished by |
|:--|:-:|--:|
| heading | `#` | the end of the line |
| code block | three backticks | three backticks |

```python
def squares(limit: int) -> list[int]:
    # Indentation arrives as it is.
    return [n * n for n in range(limit)]
```

> A quote may hold several sentences. It ends at the first blank line after them."""

_EMOJI = """Each of these is one token here, though some are many code points long: 😀 ❤️ 👍🏽 👩\u200d💻 \
👨\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 1️⃣

- **Flags** are two letters that belong together: 🇫🇷 🇯🇵 🇧🇷. Scotland's is a black flag with tags: \
🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f
- **Combining characters** follow what they change: e\u0301 is é, n\u0303 is ñ; Devanagari joins consonants so: \
नमस\u094dत\u0947.
- **Beyond 16 bits**: 𝄞 and 𠮷 take four bytes in UTF-8 and two units in JavaScript.

A stream may be cut anywhere, even between two bytes of one character. If every sign above is whole, so was every \
decoder on the way."""

_RIGHT_TO_LEFT = """**العربية.** مرحبًا. هذا نص تجريبي يُكتب من اليمين إلى اليسار، كلمةً بعد كلمة. أنا العرض التجريبي \
المدمج في ChatStream، ولست نموذجًا لغويًا. الأرقام تُقرأ من اليسار: 1234، والكود يبقى كما هو: `data: [DONE]`.

**עברית.** שלום. זהו טקסט לדוגמה שנכתב מימין לשמאל, מילה אחר מילה. אני ההדגמה המובנית של ChatStream, ולא מודל שפה. \
מספרים נקראים משמאל: 1234, והקוד נשאר כפי שהוא: `data: [DONE]`.

In English again. A page sets the first two from the right and this one from the left with HTML's `dir="auto"`."""

_HELLO = """Hello. This is ChatStream's built-in demo. It is not a language model and understands nothing: it looks \
for a few words in your message and sends a prepared text, at a steady pace and in the format of a real model server.

| Ask | and see |
|---|---|
| `What is SSE?` | an explanation; also of streaming, reconnecting, proxy buffering, tokens |
| `Show me Markdown with a table and code` | Markdown taking shape |
| `count to 100`, or `echo` and any text | plain words |
| `emoji`, `Arabic or Hebrew` | text that is easily broken on the way |
| `reasoning`, `tools`, `a long answer` | a thinking phase, a function call, about 20 000 tokens |

To connect a real model, put two lines into `.env` and start ChatStream again. `AI_MODEL` is a name from the server's \
`/v1/models`.

```ini
OPENAI_BASE_URL=http://127.0.0.1:11434/v1
AI_MODEL=llama3.2
```

That is the usual address of Ollama. LM Studio has `http://127.0.0.1:1234/v1`, llama.cpp `http://127.0.0.1:8080/v1`."""

_REASONING = """The message is “{question}”. It asks for reasoning, so this goes out in `reasoning_content`. But \
nothing is being reasoned: the demo matched one word and chose a prepared text. What can be seen is the order."""

_REASONED = """That was the **thinking phase**: deltas of its own, which a page can fold away once the answer begins. \
These words are ordinary `content`. Both were written beforehand; connect a reasoning model to see real thoughts."""

_NO_TOOLS = """This request offered no tools, so there is nothing to call. A program offers them in the field `tools`; \
the demo then answers with a call in several fragments, and quotes what comes back in a message with the role `tool`."""

_DEFAULT = """This is ChatStream's built-in demo and not a language model, so “{question}” gets no real answer. It \
does get a real stream: these words travel the whole way that a model's words would.

While they arrived, this happened. In a chat, ChatStream stores the message first and only then asks the model server, \
which here is the demo. Each word leaves it alone, as one `data:` line of server-sent events; ChatStream numbers it, \
records it, and passes it to everybody who is watching. Because the numbers are kept, you can reload the page in the \
middle of an answer and it goes on where it stood.

To see more, try `What is SSE?`, `Show me Markdown with a table and code`, or `count to 100`. To talk to a real model, \
put `OPENAI_BASE_URL` and `AI_MODEL` into `.env` and start ChatStream again; `hello` lists the usual addresses."""

_LONG_SECTION = """## {number}. At {tokens} tokens

An answer of {tokens} tokens is about {words} words of English. At forty tokens a second it takes {demo} seconds. \
The reader of section {number} may scroll back at any time, and the text must not pull the page away.

| model | seconds for {tokens} tokens |
|---|---|
| `demo` | {demo} |
| `demo-fast` | {demo_fast} |
| `demo-slow` | {demo_slow} |

```python
seconds = {tokens} / 40  # {demo}
```"""

# The first that is found in the question answers it.
_TABLE: tuple[tuple[str, Callable[[Asked], Answer]], ...] = (
    (r"\Aecho(?:\s(?P<text>.*))?\Z", _echo),
    (r"\bcount\s+to\s+(?P<number>\d[\d,]*)", _count),
    (r"\bemojis?\b", _text(_EMOJI)),
    (r"\b(?:arabic|hebrew|right-to-left)\b", _text(_RIGHT_TO_LEFT)),
    (r"\b(?:reasoning|think|thinking)\b", _think),
    (r"\btools?\b", _tool),
    (r"(?<!how )(?<!as )(?<!so )(?<!too )\blong\b(?![- ](?:poll|lived|running))", _text(_long_text())),
    (r"\breconnect|\bresum(?:ing|able|ption)\b|\blast-event-id\b", _text(_RECONNECTING)),
    (r"\bback-?pressure\b|\bbuffer|\bprox(?:y|ies)\b|\bnginx\b", _text(_BUFFERING)),
    (r"\bsse\b|\bevent-?source\b|\bserver-sent\b", _text(_SSE)),
    (r"\bstream", _text(_STREAMING)),
    (r"\btoken", _text(_TOKENS)),
    (r"\b(?:markdown|tables?|code)\b", _text(_MARKDOWN)),
    (r"\A\s*(?:(?:hello|hi|hey|help)\b|\Z)|\b(?:who|what) (?:are|can) you\b|\bchatstream\b|\bconnect", _text(_HELLO)),
    (r"\A", _anything_else),
)
_REPLIES = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), reply) for pattern, reply in _TABLE]
