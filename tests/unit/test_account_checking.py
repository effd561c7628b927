"""An operator is told what is wrong with an account before it keeps a post from going out."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixConfiguration, FixInput, NoSuchProject
from aicmo.execution.account_avatars import read_avatar
from aicmo.execution.account_checking import Checked, check_account
from aicmo.execution.account_listing import list_accounts
from aicmo.execution.account_pinning import Pin, pin_account, remove_account
from aicmo.execution.accounts import open_gateway_of
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import Profile, other_account
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.login import Login
from aicmo.models import Account, AccountSecret
from tests.conftest import KEY
from tests.peers.login_peer import LoginPeer, login_peer
from tests.projects import imported, post

ME = "urn:li:person:a1B2"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def pin(
    database: Database, identity: str = ME, channel: Channel = Channel.LINKEDIN, **login: Any
) -> Pin:
    imported(database, post(channel=channel.value))
    held = Login(**{"access_token": "token", "scopes": ["w_member_social"]} | login)
    return Pin("studio", channel, Profile(identity, "Ada", "@ada"), held, held.server)


def checked(database: Database, peer: LoginPeer, **login: Any) -> Checked:
    peer.reads["/v2/userinfo"] = {"sub": "a1B2", "name": "Ada Acme"}
    given = {"access_token": peer.token("access"), "api_url": peer.url} | login
    pin_account(database, pin(database, **given), KEY, by="Ann")
    return check_account(database, "studio", Channel.LINKEDIN, by="Ann")


@pytest.mark.parametrize(
    ("days", "warned"), [(60, False), (16, False), (14.9, True), (1, True), (None, False)]
)
def test_the_end_of_a_log_in_is_warned_of(
    sqlite_url: str, days: float | None, *, warned: bool
) -> None:
    database = Database(sqlite_url)
    ends_at = database.time() + timedelta(days=days) if days else None
    with login_peer() as peer:
        told = checked(database, peer, expires_at=ends_at)
    assert (told.is_same, told.problems) == (True, ())
    assert any("Log in anew within" in each for each in told.warnings) == warned
    with database.read() as session:
        (row,) = list_accounts(session, "studio")
        assert (row.ends_at, row.login, row.trouble) == (ends_at, "here", "")
        newest = audit.events(session, "studio", newest=1)[0]
    assert newest.event == "account.checked"
    assert "token" not in newest.data


def test_what_a_log_in_may_not_do_is_named(database: Database) -> None:
    with login_peer() as peer:
        told = checked(database, peer, scopes=["openid"])
    assert told.missing == ("w_member_social",)
    assert "It lacks w_member_social" in told.problems[0]


def test_an_account_that_is_right_again_names_what_releases_it(database: Database) -> None:
    with login_peer() as peer:
        checked(database, peer)
        with database.write() as session:
            paused = {"paused_at": database.time(), "pause_reason": "logged in as @eve"}
            session.execute(update(Account).values(**paused))
        told = check_account(database, "studio", Channel.LINKEDIN, by="Ann")
    (problem,) = told.problems
    assert problem.startswith("Paused: logged in as @eve. The log-in is right now")
    assert "`aicmo unpause studio --channel linkedin`" in problem


def test_accounts_that_are_called_the_same_are_told_apart_by_their_ids() -> None:
    live = Profile("999", "Acme", "@acme")
    told = other_account(live, "783214", "@acme")
    assert told == "logged in as 999, but the project's account is 783214"
    told = other_account(live, "783214", "@other")
    assert told == "logged in as @acme, but the project's account is @other"


def test_the_profile_is_kept_for_previews_and_gateways(database: Database) -> None:
    with login_peer() as peer:
        checked(database, peer)
    with database.read() as session:
        account = session.scalars(select(Account)).one()
    assert account.name == "Ada Acme"
    assert account.profile["api_version"]
    assert account.profile["scopes"] == ["w_member_social"]
    assert account.checked_at is not None


def test_another_key_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    pin_account(database, pin(database), KEY, by="Ann")
    monkeypatch.setenv("AICMO_SECRET_KEY", "another-key-of-more-than-32-characters!")
    with pytest.raises(FixConfiguration, match="this AICMO_SECRET_KEY"):
        check_account(database, "studio", Channel.LINKEDIN, by="Ann")


def test_nothing_is_pinned_over_another_account(database: Database) -> None:
    pin_account(database, pin(database), KEY, by="Ann")
    with pytest.raises(FixInput, match="goes out on LinkedIn as @ada"):
        pin_account(database, pin(database, "urn:li:person:other"), KEY, by="Ann")
    with database.read() as session:
        assert session.scalars(select(Account.identity)).one() == ME

    pin_account(database, pin(database, "urn:li:person:other"), KEY, by="Ann", replace=True)
    with database.read() as session:
        assert session.scalars(select(Account.identity)).one() == "urn:li:person:other"


def test_the_same_account_logs_in_anew(database: Database) -> None:
    pin_account(database, pin(database), KEY, by="Ann")
    with database.write() as session:
        session.query(AccountSecret).one().needs_login = "401"
    pin_account(database, pin(database, access_token="new"), KEY, by="Ann")
    with database.read() as session:
        assert session.scalars(select(AccountSecret.needs_login)).one() == ""
        assert list_accounts(session)[0].trouble == ""


def test_only_a_project_that_is_there_gets_an_account(database: Database) -> None:
    wanted = pin(database)
    other = Pin("nobody", wanted.channel, wanted.profile, wanted.login)
    with pytest.raises(NoSuchProject):
        pin_account(database, other, KEY, by="Ann")


def test_without_an_account_there_is_no_gateway(database: Database) -> None:
    imported(database, post())
    with pytest.raises(FixAccount) as refused:
        open_gateway_of(database, "studio", "linkedin")
    assert "aicmo accounts add studio linkedin" in refused.value.next_step

    pin_account(database, pin(database), KEY, by="Ann")
    remove_account(database, "studio", Channel.LINKEDIN, by="Ann")
    with pytest.raises(FixAccount):
        open_gateway_of(database, "studio", "linkedin")


def test_a_permit_to_ask_sends_nothing(database: Database) -> None:
    pin_account(database, pin(database), KEY, by="Ann")
    permit = issue_account_permit("linkedin")
    assert isinstance(permit, LivePermit)
    with (
        open_gateway_of(database, "studio", "linkedin")(permit) as gateway,
        pytest.raises(PermissionError),
    ):
        list(gateway.send_batch([], lambda batch: batch))


def picture(width: int, height: int, form: str = "JPEG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#c0392b").save(written, form)
    return written.getvalue()


def fetched(content: bytes) -> Callable[[str, int], bytes]:
    return lambda _url, _most: content


@pytest.mark.parametrize(("width", "height"), [(400, 400), (1500, 300), (10, 900), (96, 96)])
def test_an_avatar_is_small_and_square(width: int, height: int) -> None:
    avatar = read_avatar("https://files.example/a.jpg", fetched(picture(width, height)))
    assert avatar is not None
    with Image.open(io.BytesIO(avatar)) as shown:
        assert (shown.format, shown.size, shown.info) == ("PNG", (96, 96), {})


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", picture(400, 400)[:200], picture(9, 9, "BMP")]
)
def test_a_picture_that_isnt_one_is_left_out(content: bytes) -> None:
    assert read_avatar("https://files.example/a.jpg", fetched(content)) is None


@pytest.mark.parametrize("url", ["", "http://files.example/a.jpg", "https://127.0.0.1/a.jpg"])
def test_an_avatar_comes_from_a_public_host_or_not_at_all(url: str) -> None:
    assert read_avatar(url) is None


def test_a_picture_with_too_many_pixels_is_left_out() -> None:
    large = picture(6_000, 5_000, "PNG")
    assert read_avatar("https://files.example/a.png", fetched(large)) is None
