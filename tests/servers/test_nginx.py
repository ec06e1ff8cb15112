"""The nginx that tests of the deployed app use."""

import http.client
from pathlib import Path

import pytest

from tests.servers.model_server import ModelServer
from tests.servers.nginx import Nginx

SITE = "server { listen 80; location / { proxy_pass http://127.0.0.1:8000; proxy_http_version 1.1; } }"


@pytest.fixture
def nginx(model_server: ModelServer, tmp_path: Path):
    site = tmp_path / "site.conf"
    site.write_text(SITE)
    behind = f"127.0.0.1:{model_server.port}"
    with Nginx(site, {"listen 80": "listen 127.0.0.1:{port}", "127.0.0.1:8000": behind}) as server:
        yield server


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def test_it_proxies(nginx: Nginx, model_server: ModelServer):
    status, content = get(nginx.port, "/v1/models")
    assert status == 200
    assert b"test-model" in content
    assert [entry["path"] for entry in model_server.log()] == ["/v1/models"]


def test_it_says_so_when_nobody_is_behind_it(nginx: Nginx, model_server: ModelServer):
    model_server.kill()
    assert get(nginx.port, "/v1/models")[0] == 502
    model_server.start()
    assert get(nginx.port, "/v1/models")[0] == 200


def test_a_part_that_the_configuration_lacks_is_an_error():
    with pytest.raises(ValueError, match="no 'listen 8080' to replace"):
        Nginx(SITE, {"listen 8080": "listen {port}"})


def test_a_bad_configuration_is_shown_in_nginx_own_words():
    nginx = Nginx("nonsense;", {})
    with pytest.raises(RuntimeError, match='unknown directive "nonsense"'):
        nginx.start()
    nginx.close()
