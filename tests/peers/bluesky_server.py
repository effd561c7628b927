"""Bluesky's own server on loopback: the code that runs its network, of the version in `bluesky/`.

It has no view of the network (`app.bsky.*` reads answer 502) and keeps posts as accounts' own servers do.
Its request limits are on: about 3,000 requests and 100 new accounts per five minutes, 30 sessions per
account.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.peers.children import running
from tests.peers.install import COMPILERS, install_bluesky
from tests.peers.missing import skip_or_fail

_SECONDS = 60  # for one answer, on a machine that is busy with other tests


@dataclass(frozen=True)
class BlueskyServer:
    """A running server; `directory_url` is that of its directory of identities (PLC)."""

    url: str
    directory_url: str

    def create_account(self, handle: str, password: str) -> str:
        """The new account's DID. Handles end in `.test`; some short ones are reserved (`acme.test`)."""
        email = f"{handle}@agency.test"
        new = {"handle": handle, "email": email, "password": password}
        return self.call("server.createAccount", new)["did"]

    def app_password(self, handle: str, password: str, name: str = "aicmo") -> str:
        """A new app password of the account, as its owner makes one for a program."""
        token = self.session(handle, password)["accessJwt"]
        return self.call("server.createAppPassword", {"name": name}, token)["password"]

    def session(self, handle: str, password: str) -> dict[str, Any]:
        """`did`, `accessJwt` and `refreshJwt`, for either kind of password."""
        return self.call("server.createSession", {"identifier": handle, "password": password})

    def posts(self, did: str) -> list[dict[str, Any]]:
        """What is in the account's feed as anybody sees it: `uri`, `cid` and `value` of each, newest first."""
        asked = {"repo": did, "collection": "app.bsky.feed.post", "limit": 100}
        return _content(httpx.get(self._place("repo.listRecords"), params=asked, timeout=_SECONDS))[
            "records"
        ]

    def call(self, method: str, content: dict[str, Any], token: str = "") -> dict[str, Any]:
        """The answer to a procedure of `com.atproto`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return _content(
            httpx.post(self._place(method), json=content, headers=headers, timeout=_SECONDS)
        )

    def _place(self, method: str) -> str:
        return f"{self.url}/xrpc/com.atproto.{method}"


@contextmanager
def running_bluesky() -> Iterator[BlueskyServer]:
    """The server with no accounts; skips the test where it can't be installed."""
    if missing := [each for each in COMPILERS if shutil.which(each) is None]:
        skip_or_fail(f"Bluesky's server needs {' and '.join(missing)} once, to be installed.")
    node, modules = install_bluesky()
    program = Path(__file__).with_name("bluesky_process.mjs")
    with tempfile.TemporaryDirectory(prefix="aicmo-bluesky-") as folder:
        log = Path(folder, "stderr.log")
        environment = {"PATH": os.environ["PATH"], "TMPDIR": folder, "MODULES": str(modules)}
        with (
            log.open("w") as stderr,
            running([node, program], env=environment, stdout=-1, stderr=stderr) as process,
        ):
            assert process.stdout
            started = process.stdout.readline()
            assert started, f"Bluesky's server didn't start:\n{log.read_text()}"
            yield BlueskyServer(**json.loads(started))


def _content(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()
