"""snac on loopback: a small real server of the Fediverse, spoken to through Mastodon's interface.

It differs from Mastodon where servers do: it ignores Idempotency-Key, takes empty statuses and deletes
none (404).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.peers.children import running
from tests.peers.missing import skip_or_fail
from tests.peers.postgres_server import free_port

SCOPES = "read write follow"
REDIRECT = "http://127.0.0.1/signed-in"
_START_SECONDS = 30


@dataclass(frozen=True)
class SnacServer:
    """A running server; its files are in `folder`."""

    url: str
    folder: Path

    def create_user(self, name: str) -> str:
        """The password of the new user, whose name is letters and digits."""
        answers = f"{name.title()}\n\n"  # the shown name; no e-mail address
        said = _snac("adduser", self.folder, name, answers=answers)
        return said.split("password is ")[1].split()[0]

    def token(self, name: str, password: str) -> str:
        """An access token, asked for by a new app and granted by the user in the browser's way."""
        app = self._register_app()
        code = self._grant(app["client_id"], name, password)
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "redirect_uri": REDIRECT,
        }
        return _content(httpx.post(f"{self.url}/oauth/token", data=asked))["access_token"]

    def statuses(self, token: str) -> list[dict[str, Any]]:
        """What the token's user has posted, newest first."""
        headers = {"Authorization": f"Bearer {token}"}
        accounts = f"{self.url}/api/v1/accounts"
        user = _content(httpx.get(f"{accounts}/verify_credentials", headers=headers))
        return _content(httpx.get(f"{accounts}/{user['id']}/statuses", headers=headers))

    def _register_app(self) -> dict[str, str]:
        app = {"client_name": "AICMO tests", "redirect_uris": REDIRECT, "scopes": SCOPES}
        return _content(httpx.post(f"{self.url}/api/v1/apps", data=app))

    def _grant(self, client_id: str, name: str, password: str) -> str:
        asked = {
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": SCOPES,
        }
        page = httpx.get(f"{self.url}/oauth/authorize", params=asked)
        form = Form(page.text)
        filled = form.fields | {"login": name, "passwd": password}
        answer = httpx.post(urljoin(str(page.url), form.action), data=filled)
        assert answer.is_redirect, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


class Form(HTMLParser):
    """The only form of a page: where it goes, and what it sends unless told otherwise."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found["action"] or ""
        elif tag == "input" and found.get("name"):
            self.fields[found["name"] or ""] = found.get("value") or ""


@contextmanager
def running_snac() -> Iterator[SnacServer]:
    """The server with no users; skips the test where it isn't installed."""
    if shutil.which("snac") is None:
        skip_or_fail("snac is not installed (Debian: snac2; in bookworm from its backports)")
    with tempfile.TemporaryDirectory(prefix="aicmo-snac-") as name:
        folder, port = Path(name, "data"), free_port()
        server = SnacServer(f"http://localhost:{port}", folder)
        _snac("init", folder, answers=f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n")
        _configure(folder / "server.json")
        log = Path(name, "output.log")
        with (
            log.open("w") as output,
            running(["snac", "httpd", folder], stdout=output, stderr=output) as process,
        ):
            _wait_until_ready(server, process, log)
            yield server


def _snac(command: str, *arguments: str | Path, answers: str) -> str:
    asked = ["snac", command, *arguments]
    return subprocess.run(asked, input=answers, check=True, capture_output=True, text=True).stdout


def _configure(file: Path) -> None:
    # It delivers posts to itself too: with the usual threads, all of them wait for one another.
    settings = json.loads(file.read_text()) | {"protocol": "http", "num_threads": 32}
    file.write_text(json.dumps(settings))


def _wait_until_ready(server: SnacServer, process: subprocess.Popen[str], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            httpx.get(f"{server.url}/api/v1/instance")
        except httpx.TransportError:
            running_still = process.poll() is None and time.monotonic() < until
            assert running_still, f"snac didn't start:\n{log.read_text()}"
            time.sleep(0.05)
        else:
            return


def _content(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()
