"""Logging in, refreshing and pinning against the real servers of Bluesky and of a Mastodon-like one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from aicmo.gateways import login_bluesky, login_mastodon
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import OutcomeKind
from aicmo.gateways.login import Login
from aicmo.gateways.login_identity import Directories, find_home
from aicmo.gateways.oauth import Consent
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example
from tests.peers.bluesky_server import BlueskyServer
from tests.peers.snac_server import Form, SnacServer

pytestmark = pytest.mark.peer
PASSWORD = "correct horse battery"
REDIRECT = "http://127.0.0.1:8765/callback"


def now() -> datetime:
    return datetime.now(UTC)


def test_an_app_password_opens_a_session_that_is_refreshed(bluesky_server: BlueskyServer) -> None:
    server = bluesky_server
    did = server.create_account("logins-one.test", PASSWORD)
    home = find_home("logins-one.test", Directories(server.url, server.directory_url))
    assert (home.did, home.server) == (did, server.url.replace("127.0.0.1", "localhost"))

    given = Login(
        identifier=home.did, server=home.server,
        app_password=server.app_password("logins-one.test", PASSWORD),
    )  # fmt: skip
    first = login_bluesky.log_in(given, now())
    assert (first.identifier, first.is_usable(now())) == (did, True)
    assert not login_bluesky.is_due(first, now())

    second = login_bluesky.refresh(first, now())
    assert second.refresh_token != first.refresh_token
    assert whose_session(server, second) == did

    # Both tokens of one second are the same text: only the refresh token tells sessions apart.
    anew = login_bluesky.refresh(second.with_(refresh_token="spoiled"), now())
    assert anew.refresh_token not in {"spoiled", second.refresh_token}
    assert whose_session(server, anew) == did


def whose_session(server: BlueskyServer, login: Login) -> str:
    headers = {"Authorization": f"Bearer {login.access_token}"}
    answer = httpx.get(f"{server.url}/xrpc/com.atproto.server.getSession", headers=headers)
    return str(answer.raise_for_status().json()["did"])


def test_a_wrong_app_password_needs_a_person(bluesky_server: BlueskyServer) -> None:
    did = bluesky_server.create_account("logins-two.test", PASSWORD)
    given = Login(identifier=did, server=bluesky_server.url, app_password="wrong")
    with pytest.raises(NoToken) as refused:
        login_bluesky.log_in(given, now())
    assert refused.value.outcome.kind is OutcomeKind.REFUSED_ACCOUNT


def test_the_command_pins_a_real_account(
    bluesky_server: BlueskyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = bluesky_server
    did = server.create_account("logins-three.test", PASSWORD)
    password = server.app_password("logins-three.test", PASSWORD)
    workspace: Workspace = enter_with_example(tmp_path, monkeypatch)
    given = Login(identifier="logins-three.test", app_password=password, server=server.url)
    command = [sys.executable, "-m", "aicmo.cli.main", "accounts", "add", PROJECT, "bluesky"]
    done = subprocess.run(
        [*command, "--credentials", "-", "--yes"], input=given.to_bytes(), capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = workspace.json("accounts", "check", PROJECT, "bluesky")["accounts"][0]
    assert (told["identity"], told["is_same"], told["problems"]) == (did, True, [])
    assert password.encode() not in done.stdout + done.stderr


def test_a_mastodon_like_server_grants_our_own_app_its_token(snac_server: SnacServer) -> None:
    password = snac_server.create_user("loginsone")
    consent = Consent(REDIRECT)
    app = login_mastodon.register(Login(server=snac_server.url), consent, now())
    page = httpx.get(login_mastodon.consent_page(app, consent))
    form = Form(page.text)
    filled = form.fields | {"login": "loginsone", "passwd": password}
    answer = httpx.post(urljoin(str(page.url), form.action), data=filled)
    code = consent.code_in(answer.headers["location"])

    login = login_mastodon.log_in(app, consent, code, now())

    headers = {"Authorization": f"Bearer {login.access_token}"}
    who = httpx.get(f"{snac_server.url}/api/v1/accounts/verify_credentials", headers=headers)
    assert who.json()["username"] == "loginsone"
    assert login.ends() is None
