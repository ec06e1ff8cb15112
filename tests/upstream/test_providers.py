"""Which model server is used: named ones, a file of several, local ones that answer, the demo."""

from pathlib import Path

import pytest

from chatstream.errors import SettingsError
from chatstream.settings import Settings
from chatstream.upstream.providers import Provider, Providers, resolve

TWO = """
development = "local"
production = "hosted"

[providers.local]
base_url = "http://127.0.0.1:1234/v1/"

[providers.hosted]
base_url = "https://api.example/v1"
key = "HOSTED_KEY"
models = ["big", "small"]
"""


def nobody(base_url: str) -> list[str]:
    return []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_the_settings_name_comes_first(folder: Path) -> None:
    (folder / "providers.toml").write_text(TWO)
    found = resolve(Settings(openai_base_url="http://a/v1/", openai_api_key="k", ai_model="m"), nobody)
    assert found == Providers((Provider("OPENAI_BASE_URL", "http://a/v1", "k", default_model="m"),))


@pytest.mark.parametrize(("env", "order"), [("development", ["local", "hosted"]), ("production", ["hosted", "local"])])
def test_the_environment_chooses_the_default_of_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, env: str, order: list[str]
) -> None:
    (folder / "providers.toml").write_text(TWO)
    monkeypatch.setenv("HOSTED_KEY", "secret")
    found = resolve(Settings(env=env), nobody)  # type: ignore[arg-type]
    assert [provider.name for provider in found.all] == order
    hosted = next(provider for provider in found.all if provider.name == "hosted")
    assert hosted == Provider("hosted", "https://api.example/v1", "secret", ("big", "small"), "big")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "providers.toml cannot be used"),
        ("[providers.a]\nmodels = ['x']", "base_url"),
        ("[providers.a]\nbase_url = 'localhost:1234'", "base_url"),
        ("[providers.a]\nbase_url = 'http://x'\nmodel = 'm'", "unknown field"),
        ("development = 'b'\n[providers.a]\nbase_url = 'http://x'", "must name its provider for development"),
        ("[providers.a]\nbase_url = 'http://x'\nkey = 'NOT_THERE'", "NOT_THERE, which is not set"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(folder: Path, text: str, sentence: str) -> None:
    (folder / "providers.toml").write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        resolve(Settings(), nobody)


def test_only_the_default_provider_needs_its_key(folder: Path) -> None:
    (folder / "providers.toml").write_text(TWO)
    assert [provider.name for provider in resolve(Settings(), nobody).all] == ["local"]
    with pytest.raises(SettingsError, match="HOSTED_KEY, which is not set"):
        resolve(Settings(env="production"), nobody)


def test_the_model_of_the_settings_is_the_default_of_the_default_provider(folder: Path) -> None:
    (folder / "providers.toml").write_text(TWO)
    assert resolve(Settings(ai_model="mine"), nobody).default.default_model == "mine"


def test_a_key_may_stand_in_the_dotenv_file(folder: Path) -> None:
    (folder / "providers.toml").write_text(TWO)
    (folder / ".env").write_text("HOSTED_KEY=from the file\n")
    assert resolve(Settings(env="production"), nobody).default.api_key == "from the file"


def test_local_servers_are_asked_once_each_and_the_first_that_answers_is_used() -> None:
    asked: list[str] = []

    def list_models(base_url: str) -> list[str]:
        asked.append(base_url)
        return ["llama3.2"] if ":11434/" in base_url or ":8080/" in base_url else []

    found = resolve(Settings(), list_models)
    assert (found.default.name, found.default.base_url) == ("Ollama", "http://127.0.0.1:11434/v1")
    assert sorted(asked) == [f"http://127.0.0.1:{port}/v1" for port in (11434, 1234, 8080)]


def test_our_own_port_is_not_asked() -> None:
    asked: list[str] = []
    resolve(Settings(bind="127.0.0.1:8080"), lambda url: asked.append(url) or [])  # type: ignore[func-returns-value]
    assert sorted(asked) == [f"http://127.0.0.1:{port}/v1" for port in (11434, 1234, 8000)]


def test_with_nothing_there_it_is_the_demo_in_development_and_a_refusal_in_production() -> None:
    assert resolve(Settings(), nobody).default.demo
    with pytest.raises(SettingsError, match="Set OPENAI_BASE_URL"):
        resolve(Settings(env="production"), nobody)
