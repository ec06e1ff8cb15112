"""What the tests of `chatstream ask` share: what is answered, how answers end, and what the server has kept."""

from typing import Any

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import answer

GATED = [["text", "The tide "], ["gate", "more"], *answer("comes in.")]
TIDE = "The tide comes in.\n"
NEVER = ["gate", "never"]
HEL: list[list[Any]] = [["text", "Hel"], NEVER]
LEFT = ("client_closed", "client_reset")
IMPATIENT = "from chatstream.client import runs; runs.GIVE_UP_S = 2; from chatstream.cli import main; main()"

ENDS = [
    ("complete", [["text", "Hel"], ["finish", "stop"], ["done"], ["end"]], 0, None),
    ("length", [["text", "Hel"], ["finish", "length"], ["done"], ["end"]], 3, "cut at the length limit"),
    ("filtered", [["text", "Hel"], ["finish", "content_filter"], ["done"], ["end"]], 4, "held back"),
    ("truncated", [["text", "Hel"], ["end"]], 6, "without saying that it was whole"),
    ("stalled", [["text", "Hel"], NEVER], 7, "The model was silent for 1.5 s"),
    ("upstream_error", [["text", "Hel"], ["sleep", 0.05], ["rst"]], 8, "broke after 1 token"),
]


def last_state(server: ChatStream) -> str:
    """The state of the newest chat's answer."""
    api = Api(server.address)
    (chat,) = api.get("/chats?limit=1").json["chats"]
    return str(api.history(chat["_id"])[-1]["state"])


def history(server: ChatStream, chat_id: str) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in Api(server.address).history(chat_id)]


def called(name: str, arguments: str) -> list[list[Any]]:
    first = {"index": 0, "id": "c0", "function": {"name": name, "arguments": arguments[:4]}}
    rest = {"index": 0, "function": {"arguments": arguments[4:]}}
    return [
        *(["delta", {"tool_calls": [piece]}] for piece in (first, rest)),
        ["finish", "tool_calls"],
        ["done"],
        ["end"],
    ]
