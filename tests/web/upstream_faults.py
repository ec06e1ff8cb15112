"""The golden table of upstream's faults and dialects: what a model server does, and what becomes of the answer.

Steps are those of tests/servers/model_steps.py. A script ends in a shut gate where ChatStream has to be who leaves.
"""

import gzip
from typing import Any

from tests.servers.model_server import answer, completion, failure
from tests.web.fault import Steps, broken, good, pieces, refused

SERVERS = {
    "usual": {},
    "nowhere": {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
    "impatient": {"CHATSTREAM_FIRST_TOKEN_S": "0.8", "CHATSTREAM_SILENCE_S": "0.9", "CHATSTREAM_HEARTBEAT_S": "0.2"},
    "brief": {
        "CHATSTREAM_ANSWER_S": "1",
        "CHATSTREAM_EVENT_BYTES": "4096",
        "CHATSTREAM_ANSWER_BYTES": "65536",
    },
}
"""The settings behind a row's `server`; nobody listens where `nowhere` looks for its model server."""


def chunk(content: str) -> list[Any]:
    """A step: the smallest chunk there is."""
    return ["chunk", {"choices": [{"delta": {"content": content}}]}]


def event(content: str, line: str = "\n") -> str:
    """The same as bytes of an event, with lines that end so."""
    return 'data: {"choices":[{"delta":{"content":"' + content + '"}}]}' + 2 * line


def invalid(sentence: str) -> tuple[str, str, str]:
    return "upstream_error", "upstream_invalid", sentence


SLOW = {"server": "impatient", "slow": True}
PAUSE = ["sleep", 0.05]  # what came before is read by then: a reset takes along what is not
HEL: Steps = [["text", "Hel"], PAUSE]
NEVER = ["gate", "never"]
STOP: Steps = [["finish", "stop"], ["end"]]
WHOLE: Steps = [["text", "Hel"], ["finish", "stop"], ["done"], ["end"]]
USAGE = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
SMILE = "\xf0\x9f\x98\x80"  # 😀 in UTF-8, as a script's steps have bytes
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
BLANK = "-" * 1000
BOMB = gzip.compress(b"\0" * 50_000_000).decode("latin-1")
FINISHED = 'data: {"choices":[{"delta":{"content":"Hel"},"finish_reason":"stop"}]}\n\n'
AT = len('data: {"choices":[{"delta":{"content":"')
MANY = "".join(f"{n} " for n in range(100)) * 1000

UNREACHABLE = 502, "upstream_unreachable", "The model server cannot be reached: …"
REFUSED, REJECTED, INVALID = (502, "upstream_refused"), (400, "upstream_rejected"), (502, "upstream_invalid")
TRUNCATED = "truncated", "upstream_error", "The model server ended the answer without saying that it was whole."
BROKE = "upstream_error", "upstream_broke", "The connection to the model server broke after 1 token."
BROKE_AT_ONCE = *BROKE[:2], "The connection to the model server broke before the first token."
REPORTED = "upstream_error", "upstream_reported", "The model server reported: no memory."
UNREADABLE = invalid("The model server sent something that is no chunk of an answer: …")
FIRST = (
    "stalled",
    "upstream_timeout",
    "The model was silent for 0.8 s before the first token, as long as is waited here.",
)
SILENT = (
    "stalled",
    "upstream_timeout",
    "The model was silent for 0.9 s in the middle of its answer, as long as is waited here.",
)
LARGE = invalid("The answer is larger than 65536 bytes, the limit set here.")
LONG = "The model server sent an event of more than {} bytes, more than is taken here."
NO_STREAM = "The model server answered with {}, not with a stream of events."

REFUSALS = [
    refused("nobody listens", [], *UNREACHABLE, server="nowhere", upstream="none"),
    refused("reset before the headers", [["rst"]], *UNREACHABLE, upstream="we_reset"),
    refused("closed before the headers", [["fin"]], *UNREACHABLE, upstream="we_closed"),
    refused("closed in the headers", [["wire", "HTTP/1.1 200 OK\r\nConte"]], *UNREACHABLE, upstream="we_closed"),
    refused("no HTTP", [["wire", "nonsense\r\n\r\n"], NEVER], *UNREACHABLE, upstream="left"),
    refused(
        "endless headers",
        [["wire", "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 100_000], NEVER],
        *UNREACHABLE,
        upstream="left",
    ),
    refused("silent before the headers", [NEVER], 504, *FIRST[1:], state="stalled", upstream="left", **SLOW),
    *(
        refused(
            f"{status} {when or 'without'} Retry-After",
            failure(status, "slow down", {"Retry-After": when} if when else None),
            ours,
            code,
            f"The model server {said} ({status}): slow down.",
            retry_after=when if status in (429, 503) else None,
        )
        for status, ours, code, said in (
            (401, *REFUSED, "refuses our key"),
            (429, 429, "upstream_rate_limited", "has too much to do"),
            (503, 503, "upstream_busy", "has too much to do"),
        )
        for when in (None, "7", DATE)
    ),
    *(
        refused(f"429 with the Retry-After {odd!r}", failure(429, "no", {"Retry-After": odd}), *said)
        for odd in ("soon", "-1", "\xe2\x82\xac")
        for said in [(429, "upstream_rate_limited", "The model server has too much to do (429): no.")]
    ),
    *(
        refused(
            f"{status}",
            failure(status, "no"),
            *REJECTED,
            f"The model server does not take this request ({status}): no.",
        )
        for status in (400, 404, 413, 422)
    ),
    refused("403", failure(403, "no"), *REFUSED, "The model server refuses our key (403): no."),
    refused("500", failure(500, "no memory"), *REFUSED, "The model server failed (500): no memory."),
    refused(
        "500 in HTML",
        [["status", 500, {}, "<html>no</html>"]],
        *REFUSED,
        "The model server failed (500): Internal Server Error.",
    ),
    refused(
        "500 with 3 MB",  # of which 1 MiB is read: the rest may all be on its way by then
        [["status", 500, {}, "x" * 3_000_000]],
        *REFUSED,
        "The model server failed (500): …",
        upstream="done",
    ),
    refused(
        "a redirect",
        [["status", 302, {"Location": "http://127.0.0.1:1/"}, ""]],
        *REFUSED,
        "The model server failed (302): Found.",
    ),
    refused(
        "400 with half a character",
        [["status", 400, {}, '{"error": {"message": "half \\ud83d"}}']],
        *REJECTED,
        "The model server does not take this request (400): half \ufffd.",
    ),
    refused(
        "200 with a JSON error object", [["status", 200, {}, {"error": {"message": "no memory"}}]], 502, *REPORTED[1:]
    ),
    refused("200 with a JSON error string", [["status", 200, {}, {"error": "no memory"}]], 502, *REPORTED[1:]),
    refused("200 with a JSON completion", completion("Hello"), *INVALID, NO_STREAM.format("application/json")),
    refused(
        "200 with HTML",
        [["status", 200, {"Content-Type": "text/html"}, "<p>Hi"]],
        *INVALID,
        NO_STREAM.format("text/html"),
    ),
    refused(
        "200 with endless text",
        [["headers", {"Content-Type": "text/plain"}], ["repeat", 100, [["raw", "x" * 50_000]]], NEVER],
        *INVALID,
        NO_STREAM.format("text/plain"),
        upstream="left",
    ),
    refused(
        "packed unasked",
        [["headers", {"Content-Encoding": "gzip"}], ["raw", BOMB], NEVER],
        *INVALID,
        "The model server packed its answer (gzip), which nobody asked for.",
        upstream="left",
    ),
    refused(
        "500, packed unasked",
        [["headers", {"Content-Encoding": "gzip"}, 500], ["raw", BOMB], ["end"]],
        *REFUSED,
        "The model server failed (500): …",
    ),
]

BREAKS = [
    broken(
        "RST inside an HTTP chunk", [*HEL, ["wire", '40\r\ndata: {"ch'], PAUSE, ["rst"]], BROKE, upstream="we_reset"
    ),
    broken("RST between two HTTP chunks", [*HEL, ["rst"]], BROKE, upstream="we_reset"),
    broken("FIN inside an HTTP chunk", [*HEL, ["wire", '40\r\ndata: {"ch'], ["fin"]], BROKE, upstream="we_closed"),
    broken("FIN between two HTTP chunks", [*HEL, ["fin"]], BROKE, upstream="we_closed"),
    broken("FIN inside an event, between chunks", [*HEL, ["raw", "data: {"], ["fin"]], BROKE, upstream="we_closed"),
    broken("FIN before the first event", [["headers", {}], ["fin"]], BROKE_AT_ONCE, "", upstream="we_closed"),
    broken(
        "a body below its Content-Length",
        [["headers", {"Content-Length": "999"}], *HEL, ["fin"]],
        BROKE,
        upstream="we_closed",
    ),
    broken("a close-delimited body cut", [["close_delimited"], *HEL, ["fin"]], TRUNCATED, upstream="we_closed"),
    broken(
        "a close-delimited body cut in mid-event",
        [["close_delimited"], *HEL, ["raw", event("lo")[:-1]]],
        TRUNCATED,
        upstream="we_closed",
    ),
    broken("a close-delimited body reset", [["close_delimited"], *HEL, ["rst"]], BROKE, upstream="we_reset"),
    broken("broken framing", [*HEL, ["wire", "zz\r\n"], NEVER], BROKE),
    broken("endless trailers", [*HEL, ["wire", "0\r\n" + "X: y\r\n" * 400_000], NEVER], BROKE),
    broken("an endless chunk extension", [*HEL, ["wire", "1;" + "x" * 3_000_000], NEVER], BROKE),
    *(
        broken(
            f"FIN {n} bytes into a character",
            [*HEL, ["raw", event(SMILE)[: AT + n]], ["fin"]],
            BROKE,
            upstream="we_closed",
        )
        for n in (1, 2, 3)
    ),
]

LIES = [
    broken("malformed JSON", [*HEL, ["event", "nonsense"], ["text", "lost"], NEVER], UNREADABLE),
    broken("JSON that is no chunk", [*HEL, ["chunk", {"choices": 7}], ["text", "lost"], NEVER], UNREADABLE),
    broken("JSON nested without end", [*HEL, ["event", "[" * 100_000], NEVER], UNREADABLE),
    broken("no finish reason, no [DONE]", [*HEL, ["end"]], TRUNCATED, upstream="finished"),
    broken("no event at all", [["headers", {}], ["end"]], TRUNCATED, "", upstream="finished"),
    broken("[DONE] alone", [["done"], NEVER], TRUNCATED, ""),
    broken("an early [DONE]", [*HEL, ["done"], ["text", "lo"], ["finish", "stop"], NEVER], TRUNCATED),
    broken("finish reason null", [*HEL, ["finish", None], ["done"], NEVER], TRUNCATED),
    broken("finish reason empty", [*HEL, ["finish", ""], ["done"], NEVER], TRUNCATED),
    broken(
        "finish reason error",
        [*HEL, ["finish", "error"], ["done"], NEVER],
        ("upstream_error", "upstream_reported", "The model server gave up: its reason was 'error'."),
    ),
    broken(
        "an error object", [*HEL, ["chunk", {"error": {"message": "no memory"}}], ["text", "lost"], NEVER], REPORTED
    ),
    broken("an error string", [*HEL, ["chunk", {"error": "no memory"}], ["text", "lost"], NEVER], REPORTED),
    broken("an error first", [["chunk", {"error": "no memory"}], ["text", "lost"], NEVER], REPORTED, ""),
    broken("event: error with a string", [*HEL, ["raw", 'event: error\ndata: "no memory"\n\n'], NEVER], REPORTED),
    broken(
        "event: error with an error", [*HEL, ["raw", 'event: error\ndata: {"error":"no memory"}\n\n'], NEVER], REPORTED
    ),
    broken(
        "event: error with a message",
        [*HEL, ["raw", 'event: error\ndata: {"message":"no memory"}\n\n'], NEVER],
        REPORTED,
    ),
    broken(
        "an error after half a character",
        [*HEL, ["text", "\ud83d"], ["chunk", {"error": "no memory"}], NEVER],
        REPORTED,
        frames=pieces("Hel\ufffd"),
    ),
]

LIMITS = [
    broken("silent before the first token", [["headers", {}], NEVER], FIRST, "", **SLOW),
    broken("silent after the first token", [*HEL, NEVER], SILENT, **SLOW),
    broken("comments only", [["repeat", 999, [["raw", ": hm\n\n"], ["sleep", 0.05]]]], FIRST, "", **SLOW),
    broken(
        "comments after the first token",
        [*HEL, ["repeat", 999, [["raw", ": hm\n\n"], ["sleep", 0.05]]]],
        SILENT,
        **SLOW,
    ),
    broken("empty pieces of text", [*HEL, ["repeat", 999, [["text", ""], ["sleep", 0.05]]]], SILENT, **SLOW),
    broken("bytes slower than the limit", [*HEL, ["drip", event("x" * 99), 0.02]], SILENT, **SLOW),
    broken(
        "text without an end, slowly",
        [*HEL, ["repeat", 999, [["text", "lo"], ["sleep", 5]]]],
        ("stalled", "upstream_timeout", "The answer took longer than 1 s, the limit set here."),
        "Hello",
        server="brief",
        slow=True,
    ),
    broken(
        "a fast answer without an end",
        [["repeat", 999, [["raw", f":{BLANK}\n\n"]]], NEVER],
        LARGE,
        "",
        server="brief",
    ),
    broken(
        "too large an answer in one read",
        [["repeat", 60, [["raw", f":{BLANK}\n\n"]]], PAUSE, ["raw", event("Hel") + f":{BLANK}\n\n" * 10], NEVER],
        LARGE,
        server="brief",
    ),
    broken(
        "an event of 5000 bytes",
        [*HEL, ["raw", "data: " + "x" * 5000], NEVER],
        invalid(LONG.format(4096)),
        server="brief",
    ),
    broken(
        "the same behind a good one in one read",
        [["raw", event("Hel") + "data: " + "x" * 5000], NEVER],
        invalid(LONG.format(4096)),
        server="brief",
    ),
    broken(
        "a line of 64 MiB",
        [*HEL, ["raw", "data: "], ["repeat", 1024, [["raw", "x" * 65_536]]], NEVER],
        invalid(LONG.format(1 << 20)),
        heavy=True,
    ),
]

DIALECTS = [
    good("finish reason length", [*HEL, ["finish", "length"], ["done"], ["end"]], "Hel", "length"),
    good("finish reason content_filter", [*HEL, ["finish", "content_filter"], ["done"], ["end"]], "Hel", "filtered"),
    good("no [DONE]", [*HEL, *STOP], "Hel"),
    good("FIN after the finish reason", [*HEL, ["finish", "stop"], ["fin"]], "Hel", upstream="we_closed"),
    good("RST after the finish reason", [*HEL, ["finish", "stop"], PAUSE, ["rst"]], "Hel", upstream="we_reset"),
    good("silent after the finish reason", [*HEL, ["finish", "stop"], NEVER], "Hel", upstream="left", **SLOW),
    good("two [DONE]s", [*WHOLE[:-1], ["done"], NEVER], "Hel"),
    good("data after [DONE]", [*WHOLE[:-1], ["text", "lost"], ["chunk", {"error": "lost"}], NEVER], "Hel"),
    good("FIN after [DONE]", [*WHOLE[:-1], ["fin"]], "Hel"),
    good("a close-delimited body", [["close_delimited"], *WHOLE], "Hel"),
    good(
        "a body with its length",
        [["headers", {"Content-Length": str(len(FINISHED))}], ["raw", FINISHED], ["end"]],
        "Hel",
    ),
    good("a BOM", [["raw", "\xef\xbb\xbf"], *WHOLE], "Hel"),
    good("CRLF", [["raw", event("Hel", "\r\n")], ["raw", event("lo", "\r\n")], *STOP], "Hello"),
    good(
        "CRLF cut in two",
        [["raw", event("Hel", "\r\n")[:-1]], PAUSE, ["raw", "\n"], ["raw", event("lo")], *STOP],
        "Hello",
    ),
    good("CR", [["raw", event("Hel", "\r") + event("lo", "\r")], *STOP], "Hello"),
    good(
        "id, retry and event lines",
        [["raw", ": hm\nid: 5\nretry: 1\nevent: x\n\nid\nevent: y\n" + event("Hel")], *STOP],
        "Hel",
    ),
    good("data over two lines", [["raw", 'data: {"choices":\ndata: [{"delta":{"content":"Hel"}}]}\n\n'], *STOP], "Hel"),
    good("choices null and empty", [["chunk", {"choices": None}], ["chunk", {"choices": []}], *WHOLE], "Hel"),
    good("usage with empty choices", [*WHOLE[:-2], ["usage", USAGE], ["done"], ["end"]], "Hel", usage=USAGE),
    good(
        "usage with null choices",
        [*WHOLE[:-2], ["chunk", {"choices": None, "usage": USAGE}], ["done"], ["end"]],
        "Hel",
        usage=USAGE,
    ),
    good("usage that counts nothing", [*WHOLE[:-2], ["usage", {"completion_tokens": True}], ["done"], ["end"]], "Hel"),
    good("no text", STOP, ""),
    good("a split pair of surrogates", [["text", "a\ud83d"], ["text", "\ude00b"], *STOP], "a😀b"),
    good("half a pair in the middle", [["text", "a\ud83d"], ["text", "b\ude00"], *STOP], "a\ufffdb\ufffd"),
    good("half a pair at the end", [["text", "a\ud83d"], *STOP], "a\ufffd"),
    good("bytes that are no UTF-8", [["raw", event("a\xff\xc3")], *STOP], "a\ufffd\ufffd"),
    good("NUL", [["text", "a\0b"], *STOP], "a\0b"),
    good("reasoning", [["reasoning", "hm"], *WHOLE], "", frames=[{"reasoning": "hm"}, {"text": "Hel"}]),
    good(
        "thinking in tags",
        [["text", "<think>hm</think>\n\nHel"], *STOP],
        "",
        frames=[{"reasoning": "hm"}, {"text": "Hel"}],
    ),
    good("every byte in a segment of its own", [["drip", event("\xc3\xa9" + SMILE, "\r\n"), 0.001], *STOP], "é😀"),
    *(
        good(
            f"a character cut after byte {n}",
            [["raw", event(SMILE)[: AT + n]], PAUSE, ["raw", event(SMILE)[AT + n :]], *STOP],
            "😀",
        )
        for n in (1, 2, 3)
    ),
    good("10⁵ tiny chunks", [["repeat", 1000, [chunk(f"{n} ") for n in range(100)]], *STOP], MANY),
    good(
        "many words",
        answer("one two three four five", pause=0.02),
        "one two three four five",
        usage={"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    ),
]

FAULTS = [*REFUSALS, *BREAKS, *LIES, *LIMITS, *DIALECTS]
