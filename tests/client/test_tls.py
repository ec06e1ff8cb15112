"""Both clients over TLS, behind a real nginx with a certificate of an authority that only this test knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.client.programs import run
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.servers.nginx import Nginx

SITE = """
server { listen 80 ssl; ssl_certificate CERT; ssl_certificate_key CERT;
  location / { proxy_pass http://SERVER; proxy_http_version 1.1; proxy_buffering off; } }
"""
LLM = """
import sys
from chatstream.client import LLMClient, llm
llm.REST_S = 0.3
with LLMClient(sys.argv[1], model="m", timeout=20) as client:
    print("".join(client.generate_stream("Hello")))
"""
CHAT = """
import sys
from chatstream.client import ChatClient
print("".join(frame.get("text", "") for frame in ChatClient(sys.argv[1]).ask("Hello")))
"""


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "site.pem"))
    return authority


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """The environment of a program that trusts it."""
    return {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}


def behind_tls(address: str, folder: Path) -> Nginx:
    site = SITE.replace("CERT", str(folder / "site.pem"))
    return Nginx(site, {"listen 80": "listen 127.0.0.1:{port}", "SERVER": address})


@pytest.fixture
def model_url(authority: trustme.CA, model_server: ModelServer, tmp_path: Path) -> Iterator[str]:
    with behind_tls(f"127.0.0.1:{model_server.port}", tmp_path) as nginx:
        yield f"https://localhost:{nginx.port}/v1"


def test_a_model_server_by_an_authority_of_the_environment(model_url: str, trust: dict[str, str]) -> None:
    assert run(LLM, model_url, **trust) == "Hello world"
    assert "certificate verify failed" in run(LLM, model_url)


def test_a_whole_answer_without_an_end(model_url: str, trust: dict[str, str], model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["finish", "stop"], ["gate", "never"]])
    assert run(LLM, model_url, **trust) == "Hel"


def test_chatstream_by_an_authority_of_the_environment(
    one_server: ChatStream, trust: dict[str, str], model_server: ModelServer, tmp_path: Path
) -> None:
    with behind_tls(one_server.address, tmp_path) as nginx:
        assert run(CHAT, f"https://localhost:{nginx.port}", **trust) == "Hello world"
        assert "certificate verify failed" in run(CHAT, f"https://localhost:{nginx.port}")
