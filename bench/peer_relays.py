"""The peers: what one would write first, or install, for the same task, each in one process on the relay's core."""

import secrets
from pathlib import Path

from bench.cases import Case
from bench.install_peers import EXPRESS, VENV, litellm, missing_peers
from bench.ours import V1
from bench.relays import DONE, MESSAGES, PEERS, Program, Relay
from bench.row import measure
from tests.clients.places import find_node

CHAT_ID = '"chatId"'
"""In the last frame of the two small peers."""
KEY = f"sk-{secrets.token_hex(32)}"
"""LiteLLM's proxy does not start without one."""
LITELLM = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
"""It would look on the network, at each start, for what models cost."""
LITELLM_CONFIG = """\
model_list:
  - model_name: bench
    litellm_params: {{model: openai/bench, api_base: "{source}", api_key: none}}
"""


def peers(tools: Path) -> tuple[list[Relay], dict[str, str]]:
    """Those that are there, or could be installed; and of the others, why not."""
    missing = missing_peers()
    if litellm() is None:
        missing["LiteLLM"] = "there is no litellm on PATH or in .cache/bench/litellm/bin"
    known = _known()
    missing |= {name: reason for name in known if name not in missing and (reason := _fault(known[name], tools))}
    return [relay for name, relay in known.items() if name not in missing], missing


def _known() -> dict[str, Relay]:
    return {
        "FastAPI": Relay("FastAPI + AsyncOpenAI", _fastapi, mark=CHAT_ID),
        "Express": Relay("Express + openai", _express, mark=CHAT_ID),
        "LiteLLM": Relay("LiteLLM's proxy", _litellm, V1, MESSAGES, DONE, (f"Authorization: Bearer {KEY}",)),
    }


def _fault(relay: Relay, tools: Path) -> str:
    """Why a peer that is installed does not serve; it shall not end a run of an hour."""
    try:
        row = measure(relay, "trial", Case(1, 4, 10, 0), tools)
    except RuntimeError as error:
        return f"it does not start: {str(error).strip().splitlines()[-1]}"
    return row.why and f"of its streams failed {row.why}"


def _fastapi(source: str) -> Program:
    command = f"{VENV}/bin/uvicorn --app-dir {PEERS} fastapi_relay:app --port {{port}} --log-level warning"
    return Program(command, source, {"OPENAI_BASE_URL": source})


def _express(source: str) -> Program:
    return Program(f"env PORT={{port}} {find_node()} {EXPRESS}/express_relay.mjs", source, {"OPENAI_BASE_URL": source})


def _litellm(source: str) -> Program:
    relay = Program(f"{litellm()} --config {{folder}}/config.yaml --host 127.0.0.1 --port {{port}}", source, LITELLM)
    (relay.folder / "config.yaml").write_text(LITELLM_CONFIG.format(source=source))
    return relay
