"""The links to packages as clients, scanners and strangers use them: over real HTTP."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text, update

from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.models import AuditEvent, Package, PackageLink, PackageVisit
from aicmo.packaging.links import NewLink, create_link, find_link, revoke_link
from aicmo.storage.folder import FolderStore
from aicmo.web.app import create_app
from aicmo.web.protection import Protection
from tests.peers.web_process import serving_app
from tests.projects import brand
from tests.unit.shared_packages import ARCHIVE, FILES, linked, stored_package, visits

HOSTILE = "<script>alert(1)</script>\"' & {{ 7*7 }}"


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "packages")


@pytest.fixture
def package(ledger: Database, store: FolderStore, tmp_path: Path) -> Package:
    return stored_package(ledger, store, tmp_path)


@pytest.fixture
def link(ledger: Database, package: Package) -> NewLink:
    return linked(ledger, package)


@pytest.fixture
def web(ledger: Database, store: FolderStore) -> Iterator[httpx.Client]:
    with serving_app(create_app(ledger, lambda: store)) as client:
        yield client


def path(link: NewLink, name: str = "") -> str:
    return f"/p/{link.token}/{name}" if name else f"/p/{link.token}"


# The page


def test_the_page_lists_what_can_be_downloaded(web: httpx.Client, link: NewLink) -> None:
    page = web.get(path(link))
    assert page.status_code == 200
    for said in ("Northside Studio", "Studio launch", "Version 1", "Download everything"):
        assert said in page.text
    assert re.search(r"Strategy</bdi>.*?PDF · 12 pages · 1 kB", page.text, re.DOTALL)
    assert set(re.findall(r'href="(/[^"]+)"', page.text)) == {
        path(link, name) for name in ("strategy.pdf", "deck.pptx", "summary.html", "studio-v1.zip")
    }
    assert re.search(r"This page works until \w+ \d+, 20\d\d\.", page.text)


def test_the_page_names_the_version_that_its_documents_name(
    web: httpx.Client, ledger: Database, store: FolderStore, tmp_path: Path, package: Package
) -> None:
    again = stored_package(ledger, store, tmp_path)
    assert (again.number, again.plan_version) == (package.number + 1, package.plan_version)
    assert "Version 1" in web.get(path(linked(ledger, again))).text


def test_the_page_speaks_the_packages_language(
    web: httpx.Client, ledger: Database, store: FolderStore, tmp_path: Path
) -> None:
    made = stored_package(ledger, store, tmp_path, project="nord", language="de")
    page = web.get(path(linked(ledger, made))).text
    assert re.search(r"\d+\. [A-Zä-ü]\w+ 20\d\d", page)  # 24. Dezember 2026


def test_a_draft_says_so(
    web: httpx.Client, ledger: Database, store: FolderStore, tmp_path: Path
) -> None:
    draft = stored_package(ledger, store, tmp_path, status="internal draft")
    assert "Internal draft" in web.get(path(linked(ledger, draft))).text


def test_every_file_comes_back_as_a_download(web: httpx.Client, link: NewLink) -> None:
    wanted = {name: body for name, body in FILES.items() if "/" not in name}
    for name, content in (wanted | {"studio-v1.zip": ARCHIVE}).items():
        answer = web.get(path(link, name))
        assert (answer.status_code, answer.content) == (200, content)
        shown = f'attachment; filename="Northside Studio - {name}"'
        assert answer.headers["content-disposition"] == shown
        assert answer.headers["content-length"] == str(len(content))


def test_a_web_page_of_a_package_is_never_run_here(web: httpx.Client, link: NewLink) -> None:
    answer = web.get(path(link, "summary.html"))
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


# Counting


def test_visits_are_counted_and_repeats_within_a_minute_are_not(
    web: httpx.Client, link: NewLink, ledger: Database
) -> None:
    for _ in range(3):
        web.get(path(link))
        web.get(path(link, "deck.pptx"))
    assert visits(ledger) == [("opened", ""), ("downloaded", "deck.pptx")]
    _age_visits(ledger, timedelta(seconds=61))
    web.get(path(link))
    assert visits(ledger)[2:] == [("opened", "")]


def _age_visits(database: Database, by: timedelta) -> None:
    with database.write() as session:
        for visit in session.scalars(select(PackageVisit)):
            visit.at -= by


def test_only_a_get_is_a_visit(web: httpx.Client, link: NewLink, ledger: Database) -> None:
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PROPFIND"):
        web.request(method, path(link))
        web.request(method, path(link, "deck.pptx"))
    assert visits(ledger) == []


def test_head_tells_what_get_would(web: httpx.Client, link: NewLink) -> None:
    for each in (path(link), path(link, "strategy.pdf")):
        head, get = web.head(each), web.get(each)
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-length", "content-type", "content-security-policy")
        assert [head.headers[name] for name in same] == [get.headers[name] for name in same]
    asked = web.options(path(link))
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert web.post(path(link)).status_code == 405


def test_nothing_about_the_visitor_is_kept(
    web: httpx.Client, link: NewLink, ledger: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.get(path(link), headers={"user-agent": "canary-agent", "x-forwarded-for": "192.0.2.7"})
    with ledger.read() as session:
        kept = str([vars(each) for each in session.scalars(select(PackageVisit))])
    said = ""
    until = time.monotonic() + 10
    while not said and time.monotonic() < until:  # the line is written when the answer is out
        time.sleep(0.01)
        ours = [each for each in caplog.records if each.name.startswith(("aicmo", "uvicorn"))]
        said = "\n".join(each.getMessage() for each in ours)
    assert "GET /p/… 200" in said
    for secret in (link.token, "canary-agent", "192.0.2.7", "127.0.0.1"):
        assert secret not in kept + said


# Ends


def test_a_link_ends_at_its_very_second(web: httpx.Client, link: NewLink, ledger: Database) -> None:
    _expire(ledger, link, timedelta(seconds=60))
    assert web.get(path(link)).status_code == 200
    _expire(ledger, link, timedelta(0))
    for each in (path(link), path(link, "deck.pptx"), path(link, "nothing")):
        ended = web.get(each)
        assert ended.status_code == 410
        assert "This link has expired" in ended.text
        assert "hello@northside.example.com" in ended.text
    assert visits(ledger) == [("opened", "")]


def _expire(database: Database, link: NewLink, in_: timedelta) -> None:
    with database.write() as session:
        end = database.now(session) + in_
        session.execute(update(PackageLink).where(PackageLink.id == link.id).values(expires_at=end))


def test_the_moment_of_its_end_is_after_its_end(ledger: Database, link: NewLink) -> None:
    from aicmo.packaging.links import _state  # noqa: PLC0415

    with ledger.read() as session:
        row = session.get_one(PackageLink, link.id)
    assert _state(row, row.expires_at) == "expired"
    assert _state(row, row.expires_at - timedelta(microseconds=1)) == "open"


def test_a_withdrawn_link_ends_at_once(web: httpx.Client, link: NewLink, ledger: Database) -> None:
    assert revoke_link(ledger, "studio", link.id, actor="Ann")
    ended = web.get(path(link))
    assert ended.status_code == 410
    assert "This link was withdrawn" in ended.text
    assert web.get(path(link, "deck.pptx")).status_code == 410
    assert not revoke_link(ledger, "studio", link.id, actor="Ann")
    with ledger.read() as session:
        events = [row.event for row in session.scalars(select(AuditEvent))]
    assert events[-2:] == ["link.created", "link.revoked"]


def test_another_projects_link_cannot_be_withdrawn(ledger: Database, link: NewLink) -> None:
    with pytest.raises(FixInput, match="no link"):
        revoke_link(ledger, "elsewhere", link.id, actor="Ann")


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_link_lives_for_a_year_at_most(ledger: Database, package: Package, days: int) -> None:
    with pytest.raises(FixInput, match="365 days"):
        linked(ledger, package, days)


def test_a_package_that_is_not_stored_has_no_link(ledger: Database, package: Package) -> None:
    package.store_url = ""
    with pytest.raises(FixInput, match="in no store"):
        create_link(ledger, package, expires_in=timedelta(days=1), actor="Ann")


# Strangers


def test_every_token_that_is_none_is_answered_alike(web: httpx.Client, link: NewLink) -> None:
    guesses = [
        "", "a" * 32, link.token[:-1], link.token.swapcase(), link.token + "=", "%00", "x" * 3000,
        "..%2f..%2fetc%2fpasswd", "%ff%fe", "👋", f"{link.token}x/deck.pptx",
    ]  # fmt: skip
    answers = [web.get(f"/p/{each}") for each in guesses]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1
    assert "ask whoever sent it" in answers[0].text


def test_tokens_cannot_be_guessed_and_are_kept_nowhere(ledger: Database, package: Package) -> None:
    made = [linked(ledger, package).token for _ in range(5)]
    assert all(re.fullmatch(r"[a-z2-7]{32}", each) for each in made)  # 160 bits
    assert len(set(made)) == 5
    with ledger.watch() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert ledger.url.database is not None
    kept = Path(ledger.url.database).read_bytes()
    assert not any(each.encode() in kept for each in made)


def test_nothing_but_the_links_own_files_is_reached(
    web: httpx.Client, link: NewLink, ledger: Database, store: FolderStore, tmp_path: Path
) -> None:
    other = {"secret.pdf": b"%PDF another client's", "strategy.pdf": b"%PDF theirs"}
    theirs = stored_package(ledger, store, tmp_path, project="rival", files=other)
    sha256 = theirs.manifest["files"][0]["sha256"]
    tries = [
        "secret.pdf", f"../rival/{sha256}/secret.pdf", f"rival/{sha256}/secret.pdf",
        "..%2f..%2fetc%2fpasswd", "%2e%2e/strategy.pdf", "/etc/passwd", "strategy.pdf/", "manifest.json",
        "data/items.csv", "items.csv", "strategy.pdf%00", "STRATEGY.PDF", "strategy.pdf%0d%0aX-Evil: 1",
    ]  # fmt: skip
    for each in tries:
        answer = web.send(
            web.build_request(
                "GET", httpx.URL(web.base_url, raw_path=f"{path(link)}/{each}".encode())
            )
        )
        assert answer.status_code == 404, each
        assert b"another client" not in answer.content
        assert "x-evil" not in answer.headers
    assert web.get(path(link, "strategy.pdf")).content == FILES["strategy.pdf"]
    assert visits(ledger) == [("downloaded", "strategy.pdf")]


def test_names_are_text_and_no_markup(
    web: httpx.Client, ledger: Database, store: FolderStore, tmp_path: Path
) -> None:
    made = stored_package(
        ledger, store, tmp_path, project="evil", title=HOSTILE, brand=brand(name=HOSTILE)
    )
    own = linked(ledger, made)
    page = web.get(path(own)).text
    revoke_link(ledger, "evil", own.id, actor="Ann")
    for shown in (page, web.get(path(own)).text):
        assert "<script" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert "{{ 7*7 }}" in shown


def test_a_clients_name_adds_no_header(
    web: httpx.Client, ledger: Database, store: FolderStore, tmp_path: Path
) -> None:
    named = brand(name='x"; filename="evil.exe; é')
    made = stored_package(ledger, store, tmp_path, project="evil", brand=named)
    answer = web.get(path(linked(ledger, made), "deck.pptx"))
    assert answer.headers["content-disposition"] == (
        'attachment; filename="x_ filename_evil.exe_ e - deck.pptx"; '
        "filename*=UTF-8''x%3B%20filename%3Devil.exe%3B%20%C3%A9%20-%20deck.pptx"
    )


def test_a_download_may_take_longer_than_a_request_as_long_as_it_moves() -> None:
    from starlette.types import Receive, Scope, Send  # noqa: PLC0415

    async def trickles(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(6):
            await asyncio.sleep(0.2)
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with serving_app(Protection(trickles, seconds=0.6)) as web:
        assert web.get("/").content == b"piece" * 6


def test_every_answer_is_kept_nowhere_and_shown_to_no_index(
    web: httpx.Client, link: NewLink
) -> None:
    answers = [
        web.get(path(link)), web.get(path(link, "deck.pptx")), web.get(path(link, "nothing")),
        web.get("/p/x"), web.post(path(link)), web.head(path(link)),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "set-cookie" not in answer.headers


def test_a_file_that_left_the_store_is_an_apology(
    web: httpx.Client, link: NewLink, ledger: Database, store: FolderStore
) -> None:
    shared = find_link(ledger, link.token)
    assert shared is not None
    (store.root / shared.files[0].key).unlink()
    answer = web.get(path(link, "strategy.pdf"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "120")
    assert visits(ledger) == []
