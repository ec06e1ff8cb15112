"""Every setting, once: its name, type, default, bounds and help. `python -m chatstream.settings` prints the table.

A setting comes from the environment, else from `.env` in the working directory, else from its default. The variable's
name is the field's in capitals, behind `CHATSTREAM_` where the field is not one of the shared names that other tools
use as well (`OPENAI_…`, `LLM_…`, `AI_…`, `MONGODB_…`).
"""

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from dotenv import dotenv_values
from msgspec import Meta, inspect

from chatstream.errors import SettingsError

_CLIENTS = ("CHATSTREAM_URL",)
"""Set for the command line: no settings of a server."""
_SHARED = ("openai_", "llm_", "ai_", "mongodb_")
SECRET = ("OPENAI_API_KEY", "MONGODB_URI", "CHATSTREAM_MQTT_URL")
"""What nobody is shown: error messages, and the tools that models call."""
_ALIASES = {
    "OPENAI_BASE_URL": "LLM_SERVER_URL",
    "CHATSTREAM_FIRST_TOKEN_S": "LLM_TIMEOUT",
    "CHATSTREAM_SILENCE_S": "LLM_TIMEOUT",
}
"""Other names for a setting, used where its own is not set."""
_PORT = r"([0-9]{1,4}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5]))))"
_BIND = rf"^(unix:.+|.+:{_PORT})$"
_MQTT = rf"^mqtts?://([^/@]*@)?[^/@:]+(:{_PORT})?/?$"
_TOPIC = r"^[^+#$/\s][^+#]*$"
_URL = r"^https?://[^\s/]+.*$"
_HOST = r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
_ORIGIN = rf"(?!http://[^,]*:80\s*(,|$)|https://[^,]*:443\s*(,|$))[a-z][a-z0-9+.-]*://{_HOST}(:(?!0){_PORT})?"
_ORIGINS = rf"^\s*{_ORIGIN}\s*(,\s*{_ORIGIN}\s*)*$"

Url = Annotated[str, Meta(pattern=_URL)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


def variable(field: str) -> str:
    """The environment variable of a field: `frame_ms` → `CHATSTREAM_FRAME_MS`."""
    return field.upper() if field.startswith(_SHARED) else f"CHATSTREAM_{field.upper()}"


def _help(text: str) -> Meta:
    return Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variable):
    """All settings, frozen. Durations are in seconds unless the name says `_ms`."""

    env: Annotated[
        Literal["development", "production"],
        _help("Chooses the default provider; production never guesses one and never serves the demo model unasked."),
    ] = "development"
    bind: Annotated[str, Meta(pattern=_BIND), _help("Where to listen: host:port, or unix:path behind a proxy.")] = (
        "127.0.0.1:8000"
    )
    hosts: Annotated[
        str, _help("Names this server is reached by, besides localhost and addresses in figures; with commas between.")
    ] = ""
    cors_origins: Annotated[
        Annotated[str, Meta(pattern=_ORIGINS)],
        _help("Other sites whose pages may use the API, by their exact origins with commas between. Unset: none."),
    ] = ""
    data_dir: Annotated[str, _help("Folder of the SQLite database, used when MONGODB_URI is not set.")] = "var"
    mongodb_uri: Annotated[
        str | None, _help("A MongoDB connection string with the database's name in its path. Unset: SQLite.")
    ] = None
    openai_base_url: Annotated[
        Url | None,
        _help("Base URL of an OpenAI-compatible model server, with /v1. LLM_SERVER_URL is accepted too."),
    ] = None
    openai_api_key: Annotated[str | None, _help("Key sent to the model server as a bearer token.")] = None
    ai_model: Annotated[str | None, _help("The model asked when a request names none. Unset: the server's first.")] = (
        None
    )
    llm_temperature: Annotated[
        Annotated[float, Meta(ge=0, le=2)] | None, _help("Sampling temperature when a request names none.")
    ] = None
    llm_max_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | None, _help("Longest answer in tokens when a request names none.")
    ] = None
    providers: Annotated[str, _help("File that names several model servers; read when it exists.")] = "providers.toml"
    prompt_max: Annotated[int, Meta(ge=1, le=1_000_000), _help("Longest prompt, in characters.")] = 32_000
    heartbeat_s: Annotated[Seconds, _help("A stream that sent nothing for this long sends a comment.")] = 15.0
    reader_s: Annotated[Seconds, _help("A reader that takes nothing for this long is cut; the answer goes on.")] = 60.0
    status_wait_s: Annotated[
        Annotated[float, Meta(ge=0, le=60)],
        _help("How long a streamed request waits for the model server to refuse with a status."),
    ] = 2.0
    first_token_s: Annotated[Seconds, _help("How long the model may take to its first token.")] = 60.0
    silence_s: Annotated[Seconds, _help("How long the model may be silent in the middle of an answer.")] = 60.0
    answer_s: Annotated[Seconds, _help("Longest time an answer may take as a whole.")] = 900.0
    event_bytes: Annotated[int, Meta(ge=1024, le=1 << 30), _help("Largest single event taken from a model server.")] = (
        1 << 20
    )
    answer_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 34), _help("Most bytes taken from a model server for one answer.")
    ] = 16 << 20
    mqtt_url: Annotated[
        Annotated[str, Meta(pattern=_MQTT)] | None,
        _help("A broker to answer over MQTT 5: mqtt://user:password@host:1883, or mqtts:// with TLS. Unset: none."),
    ] = None
    mqtt_prefix: Annotated[
        Annotated[str, Meta(pattern=_TOPIC)], _help("Requests are awaited on the topic `<prefix>/request`.")
    ] = "chatstream"
    titles: Annotated[
        Literal["on", "off"],
        _help("Whether the model is asked for a chat's title, after its first answer: one short call more per chat."),
    ] = "on"
    tools: Annotated[
        str, _help("Python modules whose functions are tools too, besides clock and calculate; with commas between.")
    ] = ""
    tool_s: Annotated[Seconds, _help("How long a tool that a model calls may take.")] = 10.0
    tool_rounds: Annotated[
        int, Meta(ge=1, le=100), _help("How often a model may call tools within one answer, and be told the results.")
    ] = 8
    drain_s: Annotated[
        Annotated[float, Meta(ge=0, le=3600)],
        _help("How long a server that is told to stop lets running answers finish, before it interrupts them."),
    ] = 20.0
    workers: Annotated[int, Meta(ge=1, le=256), _help("Worker processes; each uses one core.")] = 1
    max_streams: Annotated[
        int, Meta(ge=1, le=100_000), _help("Running answers per worker; one more is refused with 503.")
    ] = 5000
    frame_ms: Annotated[
        int,
        Meta(ge=0, le=1000),
        _help("After the first token, the model server is read at most once in this time. 0: as soon as it sends."),
    ] = 33
    relay_frame_ms: Annotated[
        int, Meta(ge=0, le=1000), _help("The same for answers that are passed on and not recorded, as `/v1` does it.")
    ] = 33


def load(environ: Mapping[str, str] | None = None, dotenv: str | os.PathLike[str] = ".env") -> Settings:
    """Read the settings from the environment over a `.env` file.

    :raises SettingsError: with the variable's name, its value and what is allowed
    """
    sources = (os.environ if environ is None else environ, dotenv_values(Path(dotenv)))
    values = {}
    for field in msgspec.structs.fields(Settings):
        name, raw = _given(field.encode_name, sources)
        if raw:
            values[field.encode_name] = _parse(name, field.type, raw)
    return msgspec.convert(values, Settings)


def misspelt(environ: Mapping[str, str] | None = None, dotenv: str | os.PathLike[str] = ".env") -> list[str]:
    """A sentence for each `CHATSTREAM_…` variable that is no setting."""
    known = [field.encode_name for field in msgspec.structs.fields(Settings)]
    given = {**dotenv_values(Path(dotenv)), **(os.environ if environ is None else environ)}
    strange = sorted(name for name in given if name.startswith("CHATSTREAM_") and name not in (*known, *_CLIENTS))
    return [f"{name} is no setting. {_meant(name, known)}" for name in strange]


def _meant(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1, cutoff=0.85)  # the common beginning alone makes any two alike
    return f"Did you mean {near[0]}?" if near else "`make settings` lists them."


def _given(name: str, sources: Sequence[Mapping[str, str | None]]) -> tuple[str, str | None]:
    """The variable that sets this one, and its value: the nearest source first, in each the proper name first."""
    names = [name, _ALIASES[name]] if name in _ALIASES else [name]
    found = [(n, raw) for source in sources for n in names if (raw := source.get(n))]
    return found[0] if found else (name, None)


def _parse(name: str, kind: Any, raw: str) -> Any:
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        shown = "set" if name in SECRET else repr(raw)
        wanted = f"{name} is {shown}, but {allowed(kind)} is needed."
        raise SettingsError(f"{wanted} Change it in the environment or in .env, or unset it.") from error


def allowed(kind: Any) -> str:
    """What a setting of this type may be, in words."""
    return _words(inspect.type_info(kind))


def _words(info: inspect.Type) -> str:
    if isinstance(info, inspect.Metadata):
        return _words(info.type)
    if isinstance(info, inspect.UnionType):
        return " or ".join(_words(t) for t in info.types if not isinstance(t, inspect.NoneType))
    if isinstance(info, inspect.LiteralType):
        return " or ".join(str(v) for v in info.values)
    if isinstance(info, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        low = f" above {info.gt:g}" if info.gt is not None else f" from {info.ge}" if info.ge is not None else ""
        return f"{noun}{low} to {info.le}"
    return _PATTERNS.get(getattr(info, "pattern", None), "text")


_PATTERNS = {
    _BIND: "host:port or unix:path",
    _URL: "an http:// or https:// URL",
    _MQTT: "an mqtt:// or mqtts:// URL",
    _TOPIC: "a topic's beginning, without + and #",
    _ORIGINS: "origins as browsers send them (scheme://host in small letters, a port only if it is not the usual one)",
    None: "text",
}


def table() -> list[tuple[str, str, str, str]]:
    """Rows of name, what is allowed, default, help: for `make settings` and the docs."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        info = inspect.type_info(field.type)
        text = (getattr(info, "extra_json_schema", None) or {}).get("description", "")
        default = "–" if field.default in (None, "") else str(field.default)
        rows.append((field.encode_name, _words(info), default, text))
    return rows


def markdown() -> str:
    """The table as docs/settings.md holds it."""
    head = "| setting | allowed | default | what it does |\n|---|---|---|---|\n"
    return head + "".join(f"| `{n}` | {a} | `{d}` | {h} |\n" for n, a, d, h in table())


if __name__ == "__main__":
    print(markdown(), end="")
