"""`aicmo accounts`: logging in as a person does, pinning, checking, removing; no secret shows anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aicmo import audit
from aicmo.cli.ledger import open_ledger
from aicmo.models import Account, AccountSecret
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example
from tests.peers.login_peer import CLIENT_ID, CLIENT_SECRET, LoginPeer, login_peer
from tests.peers.postgres_server import free_port
from tests.security.secret_search import is_in

BROWSER = """#!{python}
import os, sys, urllib.request
try:
    page = urllib.request.urlopen(sys.argv[-1], timeout=20)
except urllib.error.HTTPError as error:
    page = error
open({seen!r} + ".part", "wb").write(page.read())
os.rename({seen!r} + ".part", {seen!r})
"""


def me(identity: str = "2244994945", name: str = "northside") -> dict[str, Any]:
    return {"/2/users/me": {"data": {"id": identity, "name": "Northside", "username": name}}}


@pytest.fixture
def peer() -> Iterator[LoginPeer]:
    with login_peer(reads=me()) as peer:
        yield peer


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


@pytest.fixture
def browser(workspace: Workspace) -> Path:
    """A browser whose user agrees at once; where it ends is in the file that is returned."""
    seen, program = workspace.folder / "seen.html", workspace.folder / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(BROWSER.format(python=sys.executable, seen=str(seen)))
    program.chmod(0o755)
    workspace.patch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return seen


def shown_in(browser: Path) -> str:
    """The page that the browser ended at; it may still be on its way when the command has ended."""
    until = time.monotonic() + 20
    while not browser.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return browser.read_text()


def credentials(workspace: Workspace, peer: LoginPeer, **more: Any) -> str:
    file = workspace.folder / "app.json"
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "api_url": peer.url}
    file.write_text(json.dumps(app | more))
    return str(file)


def add(workspace: Workspace, peer: LoginPeer, *options: str, status: int = 0) -> Any:
    redirect = f"http://127.0.0.1:{free_port()}/callback"
    return workspace.run(
        "accounts", "add", PROJECT, "x", "--credentials", credentials(workspace, peer),
        "--redirect", redirect, "--yes", *options, status=status,
    )  # fmt: skip


def everything(workspace: Workspace, *said: Any) -> bytes:
    """All that was printed, and every file but the credentials that the user made."""
    open_ledger().dispose()
    files = [
        file.read_bytes()
        for file in workspace.folder.rglob("*")
        if file.is_file() and file.name not in ("app.json", "xdg-open")
    ]
    return "".join(each.output for each in said).encode() + b"".join(files)


def test_a_person_logs_in_in_the_browser_and_the_account_is_pinned(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    said = add(workspace, peer)

    assert "@northside" in said.stderr
    assert f"{PROJECT} goes out on X as @northside." in said.stdout
    assert "You can close this window" in shown_in(browser)
    (row,) = workspace.json("accounts", "list", PROJECT)["accounts"]
    assert (row["identity"], row["login"], row["trouble"]) == ("2244994945", "here", "")
    with open_ledger().read() as session:
        account = session.query(Account).filter_by(channel="twitter").one()
        newest = audit.events(session, PROJECT, newest=1)[0]
        assert (account.identity, account.handle, account.name) == ("2244994945", "", "Northside")
        assert (newest.event, json.loads(newest.data)["identity"]) == (
            "account.pinned", "2244994945",
        )  # fmt: skip
    checked = workspace.run("accounts", "check", PROJECT)
    shown = everything(workspace, said, checked)
    assert peer.issued
    for secret in [*peer.issued, CLIENT_SECRET, *peer.codes]:
        assert not is_in(secret, shown), secret


def test_the_browser_of_another_machine_is_asked_for_its_address(
    workspace: Workspace, peer: LoginPeer
) -> None:
    command = [
        sys.executable, "-m", "aicmo.cli.main", "accounts", "add", PROJECT, "x", "--yes",
        "--credentials", credentials(workspace, peer),
        "--redirect", "https://agency.example/logged-in",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stderr
        page = next(line.strip() for line in process.stderr if line.startswith("http"))
        ended_at = httpx.get(page).headers["location"]
        said, told = process.communicate(ended_at + "\n", timeout=60)
    assert ended_at.startswith("https://agency.example/logged-in?")
    assert "goes out on X as @northside" in said, told


@pytest.mark.parametrize(
    ("fault", "told"),
    [({"wrong_state": True}, "belongs to another log-in"), ({"says_no": True}, "access_denied")],
)
def test_an_answer_that_isnt_ours_or_is_no_pins_nothing(
    workspace: Workspace, browser: Path, fault: dict[str, bool], told: str
) -> None:
    with login_peer(reads=me(), **fault) as peer:
        said = add(workspace, peer, status=2 if "wrong_state" in fault else 1)
    assert told in said.stderr
    assert "didn’t work" in shown_in(browser)
    assert workspace.json("accounts", "list")["accounts"] == []
    assert peer.count("/2/oauth2/token") == 0


def test_another_account_is_never_pinned_unasked(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    add(workspace, peer)
    peer.reads.update(me("99", "somebody_else"))

    refused = add(workspace, peer, status=2)
    assert "goes out on X as @northside, and you are logged in as @somebody_else" in (
        refused.stderr
    )
    assert workspace.json("accounts", "list")["accounts"][0]["identity"] == "2244994945"

    add(workspace, peer, "--replace")
    with open_ledger().read() as session:
        newest = audit.events(session, PROJECT, newest=1)[0]
    assert json.loads(newest.data)["former"] == "2244994945"
    assert workspace.json("accounts", "list")["accounts"][0]["identity"] == "99"


def test_check_pauses_an_account_that_is_another_one_now(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    add(workspace, peer)
    told = workspace.json("accounts", "check", PROJECT)["accounts"][0]
    assert (told["is_same"], told["problems"], told["missing_scopes"]) == (True, [], [])

    peer.reads.update(me("99", "somebody_else"))
    told = workspace.json("accounts", "check", PROJECT, status=1)["accounts"][0]
    assert (told["is_same"], told["live_identity"]) == (False, "99")
    assert "@somebody_else, but the project's account is @northside" in told["problems"][0]
    (row,) = workspace.json("accounts", "list")["accounts"]
    assert row["trouble"].startswith("paused: logged in as @somebody_else")


def test_an_account_without_a_log_in_is_not_called_ok(workspace: Workspace) -> None:
    with open_ledger().write() as session:
        account = session.query(Account).filter_by(channel="linkedin").one()
        account.identity, account.name = "urn:li:organization:5", "Northside"
    (row,) = (
        line for line in workspace.run("accounts", "list", PROJECT).stdout.splitlines()
        if "Northside" in line
    )  # fmt: skip
    assert row.rstrip().endswith("no log-in")


def test_check_tells_of_a_log_in_that_is_refused(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    add(workspace, peer)
    peer.access_tokens.clear()
    said = workspace.run("accounts", "check", PROJECT, "x", status=1)
    assert "X refuses the log-in: 401" in said.stdout
    assert "aicmo accounts add" in said.stdout


def test_remove_forgets_account_and_log_in(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    add(workspace, peer)
    workspace.run("accounts", "remove", PROJECT, "x", "--yes")
    assert workspace.json("accounts", "list")["accounts"] == []
    with open_ledger().read() as session:
        assert session.query(AccountSecret).count() == 0
        assert audit.events(session, PROJECT, newest=1)[0].event == "account.removed"
    gone = workspace.run("accounts", "check", PROJECT, "x", status=1)
    assert f"aicmo accounts add {PROJECT}" in gone.stderr


def test_a_log_in_that_is_at_hand_needs_no_browser(workspace: Workspace, peer: LoginPeer) -> None:
    token, refresh = peer.token("access"), peer.token("refresh")
    file = credentials(workspace, peer, access_token=token, refresh_token=refresh)
    workspace.run("accounts", "add", PROJECT, "x", "--credentials", file, "--yes")
    assert peer.count("/2/oauth2/token") == 1  # nobody knows how old it is
    assert workspace.json("accounts", "list")["accounts"][0]["login"] == "here"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("not json", "holds no log-in"),
        ('{"acces_token": "canary-token"}', "acces_token is no field of it"),
        ('{"api_url": "https://evil.example"}', "only a loopback address"),
        ("[]", "holds no log-in"),
    ],
)
def test_a_wrong_file_is_told_without_its_secrets(
    workspace: Workspace, content: str, told: str
) -> None:
    file = workspace.folder / "app.json"
    file.write_text(content)
    said = workspace.run("accounts", "add", PROJECT, "x", "--credentials", str(file), status=2)
    assert told in said.stderr
    assert "canary" not in said.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((PROJECT, "facebook"), "is no social network"),
        ((PROJECT, "email"), "is no social network"),
        (("nobody", "x"), "Project nobody not found"),
        ((PROJECT, "mastodon"), "name yours"),
        ((PROJECT, "mastodon", "--server", "http://mastodon.social"), "isn't the address of a"),
        ((PROJECT, "mastodon", "--server", "mailto:anna"), "isn't the address of a server"),
        ((PROJECT, "mastodon", "--server", "10.0.0.1"), "no address of the public internet"),
        ((PROJECT, "x", "--redirect", "http://agency.example/"), "neither https://"),
    ],
)
def test_what_cant_be_meant_is_told_at_once(
    workspace: Workspace, peer: LoginPeer, arguments: tuple[str, ...], told: str
) -> None:
    more = ("--credentials", credentials(workspace, peer)) if "--redirect" in arguments else ()
    said = workspace.run("accounts", "add", *arguments, *more, status=2)
    assert told in said.stderr


def test_a_log_in_that_lacks_permissions_is_told_before_it_is_pinned(
    workspace: Workspace, peer: LoginPeer
) -> None:
    peer.reads["/v2/userinfo"] = {"sub": "a1", "name": "Ada"}
    scopes = ["w_organization_social", "r_organization_social"]
    file = credentials(workspace, peer, access_token=peer.token("access"), scopes=scopes)
    command = ("accounts", "add", PROJECT, "linkedin", "--credentials", file, "--yes")
    said = workspace.run(*command).stderr
    assert "lacks w_member_social; to post as a page, add --pages" in said


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_project_that_isnt_there_is_no_project_without_accounts(
    workspace: Workspace, command: str
) -> None:
    assert "nobody not found" in workspace.run("accounts", command, "nobody", status=2).stderr


def test_nobody_is_pinned_without_a_yes(workspace: Workspace, peer: LoginPeer) -> None:
    file = credentials(workspace, peer, access_token=peer.token("access"))
    said = workspace.run("accounts", "add", PROJECT, "x", "--credentials", file, status=2)
    assert "--yes" in said.stderr
    assert workspace.json("accounts", "list")["accounts"] == []


def linkedin(workspace: Workspace, peer: LoginPeer, *pages: str) -> str:
    """A credentials file of a member who may post as these pages."""
    roles = [{"organization": page, "role": "ADMINISTRATOR", "state": "APPROVED"} for page in pages]
    peer.reads["/rest/organizationAcls"] = {"elements": roles}
    peer.reads["/rest/posts"] = {"elements": []}
    for page in pages:
        number = page.rpartition(":")[2]
        peer.reads[f"/rest/organizations/{number}"] = {"localizedName": f"Page {number}"}
    return credentials(workspace, peer, access_token=peer.token("access"))


def test_of_several_pages_one_is_chosen(workspace: Workspace, peer: LoginPeer) -> None:
    pages = ("urn:li:organization:11", "urn:li:organization:22")
    file = linkedin(workspace, peer, *pages)
    command = ("accounts", "add", PROJECT, "linkedin", "--credentials", file, "--pages", "--yes")

    workspace.run(*command, answers="3\n", status=2)
    said = workspace.run(*command, answers="2\n")

    assert "1  urn:li:organization:11" in said.stderr
    (row,) = workspace.json("accounts", "list")["accounts"]
    assert (row["identity"], row["name"]) == ("urn:li:organization:22", "Page 22")


def test_a_page_is_named_or_the_only_one(workspace: Workspace, peer: LoginPeer) -> None:
    page = "urn:li:organization:11"
    file = linkedin(workspace, peer, page)
    for more in (("--pages",), ("--account", page)):
        workspace.run("accounts", "add", PROJECT, "linkedin", "--credentials", file, "--yes", *more)
        assert workspace.json("accounts", "list")["accounts"][0]["identity"] == page
