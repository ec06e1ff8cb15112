"""Settings: each once, strictly parsed, documented."""

from pathlib import Path

import pytest

from chatstream import settings
from chatstream.errors import SettingsError

ROOT = Path(__file__).parent.parent


ORIGINS = "origins as browsers send them (scheme://host in small letters, a port only if it is not the usual one)"


def load(tmp_path: Path, dotenv: str = "", **environ: str) -> settings.Settings:
    (tmp_path / ".env").write_text(dotenv)
    return settings.load(environ, tmp_path / ".env")


def test_defaults(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.env, found.bind, found.workers, found.frame_ms) == ("development", "127.0.0.1:8000", 1, 33)
    assert (found.mongodb_uri, found.openai_base_url, found.ai_model) == (None, None, None)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    found = load(tmp_path, "AI_MODEL=file\nCHATSTREAM_SILENCE_S=5.5\n", AI_MODEL="environment")
    assert (found.ai_model, found.silence_s) == ("environment", 5.5)


def test_an_empty_value_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, "CHATSTREAM_FRAME_MS=\n", CHATSTREAM_FRAME_MS="").frame_ms == 33


def test_the_older_name_of_the_base_url_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path, LLM_SERVER_URL="http://a/v1").openai_base_url == "http://a/v1"
    both = load(tmp_path, LLM_SERVER_URL="http://a/v1", OPENAI_BASE_URL="http://b/v1")
    assert both.openai_base_url == "http://b/v1"


def test_one_name_sets_both_deadlines_where_they_have_no_value_of_their_own(tmp_path: Path) -> None:
    found = load(tmp_path, LLM_TIMEOUT="7", CHATSTREAM_SILENCE_S="3")
    assert (found.first_token_s, found.silence_s) == (7, 3)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("CHATSTREAM_ENV", "staging", "development or production"),
        ("CHATSTREAM_FRAME_MS", "33.5", "a whole number from 0 to 1000"),
        ("CHATSTREAM_FRAME_MS", "fast", "a whole number from 0 to 1000"),
        ("CHATSTREAM_WORKERS", "0", "a whole number from 1 to 256"),
        ("CHATSTREAM_MAX_STREAMS", "-1", "a whole number from 1 to 100000"),
        ("CHATSTREAM_HEARTBEAT_S", "0", "a number above 0 to 86400"),
        ("CHATSTREAM_HEARTBEAT_S", "nan", "a number above 0 to 86400"),
        ("CHATSTREAM_HEARTBEAT_S", "inf", "a number above 0 to 86400"),
        ("LLM_TEMPERATURE", "2.1", "a number from 0 to 2"),
        ("LLM_TEMPERATURE", "nan", "a number from 0 to 2"),
        ("LLM_MAX_TOKENS", "1.5", "a whole number from 1 to 10000000"),
        ("CHATSTREAM_BIND", "8000", "host:port or unix:path"),
        ("CHATSTREAM_BIND", "127.0.0.1:65536", "host:port or unix:path"),
        *(
            ("CHATSTREAM_CORS_ORIGINS", origins, ORIGINS)
            for origins in (
                *("*", "null", "a.example", "https://*.example", "https://a.example/", "https://a.example/path"),
                *("https://A.example", "https://a.example:443", "http://a.example:80", "https://a.example:0"),
                *("https://user@a.example", "https://a.example?x", "https://a.example,", "https://a.example;https://b"),
            )
        ),
        ("LLM_SERVER_URL", "localhost", "an http:// or https:// URL"),
        ("OPENAI_BASE_URL", "localhost:1234/v1", "an http:// or https:// URL"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **{name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}, but {allowed} is needed.")


@pytest.mark.parametrize(
    "origins",
    ["https://a.example", "http://localhost:3000, https://a.example:8443", "http://[::1]:3000", "chrome-extension://abc"],
)
def test_origins_are_those_that_browsers_send(tmp_path: Path, origins: str) -> None:
    assert load(tmp_path, CHATSTREAM_CORS_ORIGINS=origins).cors_origins == origins


def test_the_docs_hold_the_same_table() -> None:
    assert settings.markdown() in (ROOT / "docs/settings.md").read_text()


def test_the_environment_wins_under_either_name(tmp_path: Path) -> None:
    found = load(tmp_path, "OPENAI_BASE_URL=http://file/v1\n", LLM_SERVER_URL="http://environment/v1")
    assert found.openai_base_url == "http://environment/v1"


def test_a_misspelt_name_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHATSTREAM_FRAMEMS=5\nOTHER=1\n")
    environ = {"CHATSTREAM_QUOKKA": "1", "CHATSTREAM_BIND": "x", "CHATSTREAM_URL": "of the command line"}
    sentences = settings.misspelt(environ, tmp_path / ".env")
    assert sentences == [
        "CHATSTREAM_FRAMEMS is no setting. Did you mean CHATSTREAM_FRAME_MS?",
        "CHATSTREAM_QUOKKA is no setting. `make settings` lists them.",
    ]


def test_every_setting_is_used() -> None:
    sources = [p.read_text() for p in ROOT.glob("**/*.py") if "tests" not in p.parts and ".venv" not in p.parts]
    code = "\n".join(text for text in sources if "class Settings" not in text)
    unused = [name for name in settings.Settings.__struct_fields__ if f"settings.{name}" not in code]
    assert unused == []
