"""The unsubscribe links as mail providers, scanners and strangers use them: over real HTTP."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from html.parser import HTMLParser

import httpx
import pytest
from sqlalchemy import func, select, text

from aicmo.database import Database
from aicmo.models import AuditEvent, Feedback
from aicmo.web.protection import Protection
from tests.conftest import KEY
from tests.peers.web_process import serving, serving_app
from tests.projects import brand
from tests.unit.departures import LINK, address, hmac_of, people, sent, suppressions, token_of

ONE_CLICK = {"content": b"List-Unsubscribe=One-Click"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
LEFT = [("studio", hmac_of(1), "unsubscribed")]


@pytest.fixture(autouse=True)
def secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


@pytest.fixture
def one_database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def web(one_database: Database) -> Iterator[httpx.Client]:
    sent(one_database)
    with serving(one_database) as client:
        yield client


def link(database: Database, number: int = 1) -> str:
    return f"/u/{token_of(database, number)}"


# Leaving


def test_one_click_unsubscribes(web: httpx.Client, one_database: Database) -> None:
    answer = web.post(link(one_database), headers=FORM, **ONE_CLICK)
    assert (answer.status_code, answer.history) == (200, [])
    assert "You are unsubscribed" in answer.text
    assert suppressions(one_database) == LEFT


def test_the_link_that_the_email_itself_carries_works(one_database: Database) -> None:
    first = next(each for each in sent(one_database).messages if address(1).encode() in each)
    email = message_from_bytes(first, policy=policy.default)
    assert email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = httpx.URL(str(email["List-Unsubscribe"]).strip("<>"))
    with serving(one_database) as web:
        assert web.post(url.path, headers=FORM, **ONE_CLICK).status_code == 200
    assert suppressions(one_database) == LEFT


BODIES = {
    "the page's button": {"data": {"confirm": "yes"}},
    "one-click as multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
    "no body": {},
    "something else": {"content": b"\xff\x00{"},
    "4 KiB": {"content": b"x" * 4096},
}


@pytest.mark.parametrize("body", BODIES)
def test_any_post_to_a_link_unsubscribes(
    web: httpx.Client, one_database: Database, body: str
) -> None:
    assert web.post(link(one_database), **BODIES[body]).status_code == 200
    assert suppressions(one_database) == LEFT


def test_the_second_post_is_answered_like_the_first(
    web: httpx.Client, one_database: Database
) -> None:
    first, second = (web.post(link(one_database), **ONE_CLICK) for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    with one_database.read() as session:
        assert session.scalars(select(func.count(Feedback.id))).one() == 1


def test_following_a_link_changes_nothing(web: httpx.Client, one_database: Database) -> None:
    before = _events(one_database)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "TRACE"):
        web.request(method, link(one_database))
    web.get(link(one_database), params={"confirm": "yes", "List-Unsubscribe": "One-Click"})
    assert suppressions(one_database) == []
    assert _events(one_database) == before


def _events(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count(AuditEvent.id))).one()


def test_a_get_shows_one_button_in_the_clients_name(
    web: httpx.Client, one_database: Database
) -> None:
    answer = web.get(link(one_database))
    assert answer.status_code == 200
    page = _Page(answer.text)
    assert page.forms == [{"method": "post"}]
    assert page.buttons == 1
    assert "No more emails from Northside Studio?" in answer.text
    assert "#12345a" in answer.text
    assert "person1" not in answer.text
    web.post(link(one_database))
    assert _Page(web.get(link(one_database)).text).buttons == 0


@pytest.mark.parametrize(
    ("language", "shown", "said"),
    [("de-AT", "de", "Abbestellen"), ("fr", "fr", "Se désabonner"), ("pl", "en", "Unsubscribe")],
)
def test_a_page_is_marked_with_the_language_it_is_in(
    one_database: Database, language: str, shown: str, said: str
) -> None:
    sent(one_database, language=language)
    with serving(one_database) as web:
        page = web.get(link(one_database)).text
    assert f'<html lang="{shown}">' in page
    assert said in page


def test_a_clients_name_is_text_and_no_markup(one_database: Database) -> None:
    named = brand(name="<script>alert(1)</script> & {brand} {{ 7*7 }}", unsubscribe_url=LINK)
    sent(one_database, brand=named)
    with serving(one_database) as web:
        shown = web.get(link(one_database)).text + web.post(link(one_database)).text
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {brand} {{ 7*7 }}" in shown


# Strangers


UNKNOWN = ["", "a" * 26, "A" * 26, "%00", "..%2f..%2fetc", "a/b", "x" * 3000, "%ff%fe", "👋"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_link_that_leads_nowhere_is_answered_alike(
    web: httpx.Client, one_database: Database, method: str
) -> None:
    paths = [f"/u/{each}" for each in UNKNOWN] + [link(one_database) + "/", "/", "/u", "/x/y"]
    answers = [web.request(method, path) for path in paths]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1
    assert len({frozenset(set(each.headers) - {"date"}) for each in answers}) == 1
    assert "from a test or has expired" in answers[0].text
    assert "reply to one of them" in answers[0].text
    assert suppressions(one_database) == []


def test_a_malformed_link_takes_the_same_way_as_an_unknown_one(
    web: httpx.Client, one_database: Database
) -> None:
    """Not timed: the same statements, so that there is nothing to time."""
    from sqlalchemy import event  # noqa: PLC0415

    asked: list[list[str]] = []
    event.listen(
        one_database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: asked[-1].append(statement),
    )
    for path in ("/u/" + "a" * 26, "/u/x", "/u/a/b", "/u/%00"):
        asked.append([])
        web.get(path)
    assert asked[0]
    assert all(each == asked[0] for each in asked)


@pytest.mark.parametrize("framed", [True, False])
def test_a_large_body_is_refused_before_it_is_kept(
    web: httpx.Client, one_database: Database, *, framed: bool
) -> None:
    content = b"x" * 4097 if framed else (b"x" * 1000 for _ in range(5))
    assert web.post(link(one_database), content=content).status_code == 413
    assert suppressions(one_database) == []


def test_other_methods_are_refused_with_the_ones_that_work(
    web: httpx.Client, one_database: Database
) -> None:
    refused = web.put(link(one_database))
    assert refused.status_code == 405
    assert {each.strip() for each in refused.headers["allow"].split(",")} == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip
    asked = web.options(link(one_database))
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    head, get = web.head(link(one_database)), web.get(link(one_database))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert web.post("/healthz").status_code == 405


def test_every_answer_is_safe_to_show_and_kept_nowhere(
    web: httpx.Client, one_database: Database
) -> None:
    own = link(one_database)
    answers = [
        web.get(own), web.post(own), web.get("/u/x"), web.put(own), web.options(own),
        web.get("/healthz"), web.post(own, content=b"x" * 5000), web.get("/elsewhere"),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert "server" not in answer.headers


def test_a_page_asks_nobody_for_anything(web: httpx.Client, one_database: Database) -> None:
    for page in (web.get(link(one_database)), web.post(link(one_database)), web.get("/u/x")):
        assert "http" not in page.text.replace("http-equiv", "")
        assert set(_Page(page.text).references) <= {"data:,", "mailto:hello@northside.example.com"}


def test_nothing_is_logged_that_names_a_link(
    web: httpx.Client, one_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_of(one_database)
    for path in (f"/u/{token}", f"/{token}", f"/u/x?t={token}", f"/healthz/{token}"):
        web.get(path)
    web.post(f"/u/{token}")
    ours = [record for record in caplog.records if record.name.startswith(("aicmo", "uvicorn"))]
    said = "\n".join(record.getMessage() for record in ours)
    assert "POST /u/… 200" in said
    assert token not in said
    assert "127.0.0.1" not in said


def test_the_token_is_stored_nowhere(web: httpx.Client, one_database: Database) -> None:
    token = token_of(one_database)
    web.post(f"/u/{token}")
    with one_database.watch() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert one_database.url.database is not None
    with open(one_database.url.database, "rb") as file:  # noqa: PTH123
        assert token.encode() not in file.read()


# Trouble


def test_when_the_database_fails_the_post_is_not_taken_for_done(
    web: httpx.Client, one_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    own = link(one_database)
    assert web.get("/healthz").text == "ok\n"
    with one_database.write() as session:
        session.execute(text("ALTER TABLE suppression RENAME TO elsewhere"))
    answer = web.post(own)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "120")
    assert "Please try again" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("aicmo")]
    assert any("the database refused" in each for each in ours)
    assert all(hmac_of(1) not in each.getMessage() for each in caplog.records)
    with one_database.write() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO suppression"))
    assert web.post(own).status_code == 200
    assert suppressions(one_database) == LEFT


def test_a_request_that_takes_too_long_ends_with_an_apology(one_database: Database) -> None:
    from starlette.types import Receive, Scope, Send  # noqa: PLC0415

    async def waits_for_a_body(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    with (
        serving_app(Protection(waits_for_a_body, seconds=0.2)) as web,
        socket.create_connection((web.base_url.host, web.base_url.port or 0)) as slow,
    ):
        slow.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nList")
        assert slow.recv(4096).startswith(b"HTTP/1.1 503")


# At the same time


def test_twenty_posts_at_once_are_all_answered_and_count_once_each(database: Database) -> None:
    sent(database, contacts=people(10))
    links = [link(database, number) for number in range(1, 11)] + [link(database)] * 10
    with serving(database) as web, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda path: web.post(path, **ONE_CLICK).status_code, links))
    assert answers == [200] * 20
    wanted = {("studio", hmac_of(number), "unsubscribed") for number in range(1, 11)}
    assert set(suppressions(database)) == wanted
    assert len(suppressions(database)) == 10
    with database.read() as session:
        assert session.scalars(select(func.count(Feedback.id))).one() == 10


def test_a_writer_is_waited_for(web: httpx.Client, one_database: Database) -> None:
    own = link(one_database)
    with ThreadPoolExecutor(1) as pool, one_database.write() as busy:
        answer = pool.submit(lambda: web.post(own))
        # A page is shown meanwhile.
        assert web.get(own).status_code == 200
        assert suppressions(one_database) == []
        busy.rollback()
    assert answer.result().status_code == 200
    assert suppressions(one_database) == LEFT


class _Page(HTMLParser):
    """The parts of a page that tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str | None]] = []
        self.references: list[str | None] = []
        self.buttons = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.references += [given[name] for name in ("href", "src", "action") if name in given]
        if tag == "form":
            self.forms.append(given)
        self.buttons += tag == "button"
