"""`aicmo deliver` and `aicmo packages`: from a built package to what the client has opened."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo.cli.ledger import open_ledger
from aicmo.database import Database
from aicmo.delivery.handover import handover_projects
from aicmo.models import AuditEvent, Contact, Delivery, Package, PackageLink, Plan
from aicmo.packaging.links import find_link, note_visit
from aicmo.storage.folder import FolderStore
from tests.command_line.cli_workspace import SECRET_KEY, Workspace, enter
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import brand
from tests.unit.shared_packages import stored_package

COMPANION = "studio-handover"
ANNA, BEN = "Anna Berg <anna@client.example>", "ben@client.example"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = enter(tmp_path, monkeypatch)
    monkeypatch.setenv("AICMO_SECRET_KEY", SECRET_KEY)
    monkeypatch.setattr("tests.projects.KEY", SECRET_KEY.encode())
    monkeypatch.setenv("AICMO_SERVE_URL", "https://mail.agency.example")
    workspace.run("init")
    return workspace


@pytest.fixture
def database(workspace: Workspace) -> Iterator[Database]:
    database = open_ledger()
    build(database, workspace)
    yield database
    database.dispose()


def build(database: Database, workspace: Workspace, **changes: object) -> Package:
    store = FolderStore(workspace.folder / ".aicmo" / "packages")
    return stored_package(database, store, workspace.folder, **changes)  # pyright: ignore[reportArgumentType]


def send(workspace: Workspace) -> list[bytes]:
    """Approves and runs the companion; the messages that a relay got."""
    workspace.run("approve", COMPANION, "--yes")
    with SmtpPeer() as peer:
        workspace.allow(peer.relay.port)
        workspace.run("execute", COMPANION, "--enable", "--live")
    return peer.messages


def body_of(message: bytes) -> str:
    parsed = message_from_bytes(message, policy=policy.default)
    part = parsed.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def links_in(text: str) -> list[str]:
    return re.findall(r"https://mail\.agency\.example/p/([a-z2-7]{32})", text)


@pytest.mark.usefixtures("database")
def test_nothing_is_sent_until_somebody_has_approved_it(workspace: Workspace) -> None:
    said = workspace.run("deliver", "studio", "--to", ANNA).stdout
    assert "nothing is sent" in said
    steps = [line.strip() for line in said.partition("Next:")[2].splitlines() if line.strip()]
    assert steps[:2] == [
        f"aicmo {step} {COMPANION} package-1-link-1" for step in ("preview", "approve")
    ]
    key, command, *send = shlex.split(steps[2])
    assert (key, command) == ("EXECUTION_ENABLED=true", "aicmo")
    with SmtpPeer() as peer:
        workspace.allow(peer.relay.port)
        workspace.run(*send, status=0)
    assert peer.messages == []
    assert workspace.json("packages", "studio")["links"][0]["email"] == "waiting for approval"


def test_the_steps_it_names_send_each_person_a_link_of_their_own(
    workspace: Workspace, database: Database
) -> None:
    workspace.run("deliver", "studio", "--to", ANNA, "--to", BEN, "--days", "7")
    messages = send(workspace)
    by_address = {message_from_bytes(each)["To"]: each for each in messages}
    assert set(by_address) == {ANNA, BEN}
    to_anna, to_ben = body_of(by_address[ANNA]), body_of(by_address[BEN])
    assert "Hello Anna Berg," in to_anna
    assert "Anna" not in to_ben
    assert "- Strategy" in to_anna
    tokens = {*links_in(to_anna), *links_in(to_ben)}
    assert len(tokens) == 2
    for token in tokens:
        shared = find_link(database, token)
        assert shared is not None
        assert (shared.state, shared.project_id, shared.plan_version) == ("open", "studio", 1)
    assert [each["email"] for each in workspace.json("packages", "studio")["links"]] == [
        "sent",
        "sent",
    ]


def test_running_it_again_sends_nothing_twice(workspace: Workspace, database: Database) -> None:
    workspace.run("deliver", "studio", "--to", ANNA)
    assert len(send(workspace)) == 1
    build(database, workspace, name="Studio launch, again")
    workspace.run("deliver", "studio", "--to", "ANNA@client.example", "--to", BEN)
    again = send(workspace)
    assert sorted(message_from_bytes(each)["To"] for each in again) == [
        ANNA.replace("anna@", "ANNA@"),
        BEN,
    ]
    with database.read() as session:
        people = session.scalars(select(Contact.key).where(Contact.project_id == COMPANION)).all()
    assert sorted(people) == ["client-1", "client-2"]
    shown = workspace.json("packages", "studio")["links"]
    assert [(each["package"], each["email"]) for each in shown] == [
        (1, "sent"),
        (2, "sent"),
        (2, "sent"),
    ]


def test_the_message_can_be_in_ones_own_words(workspace: Workspace, database: Database) -> None:
    text = workspace.folder / "words.md"
    text.write_text("Here is **the plan** we spoke of.")
    workspace.run("deliver", "studio", "--to", ANNA, "--message-file", str(text))
    body = body_of(send(workspace)[0])
    assert "Here is the plan we spoke of." in body.replace("*", "")
    assert "is ready for you" not in body
    workspace.run(
        "deliver", "studio", "--to", ANNA, "--message", "x", "--message-file", str(text), status=2
    )


def test_an_internal_draft_stays_here_unless_asked_for(
    workspace: Workspace, database: Database
) -> None:
    build(database, workspace, status="internal draft")
    refused = workspace.run("deliver", "studio", "--to", ANNA, status=2)
    assert "Package 2 of studio is an internal draft" in refused.stderr
    assert workspace.json("packages", "studio")["links"] == []
    workspace.run("deliver", "studio", "--to", ANNA, "--internal")
    assert "Internal draft: not released yet" in body_of(send(workspace)[0])
    workspace.run("deliver", "studio", "--to", ANNA, "--package", "1")


def test_a_package_that_lacks_a_file_is_not_handed_over(
    workspace: Workspace, database: Database
) -> None:
    build(database, workspace, missing=("deck.pptx",))
    for asked in ((), ("--internal",)):
        refused = workspace.run("deliver", "studio", "--to", ANNA, *asked, status=2)
        assert "Package 2 of studio lacks deck.pptx" in refused.stderr
    shown = workspace.json("packages", "studio")
    assert shown["links"] == []
    assert [each["status"] for each in shown["packages"]] == ["final", "incomplete"]


REFUSED = {
    "nobody": (("--to", " "), "needs somebody"),
    "no address": (("--to", "Anna"), "Anna"),
    "a name alone": (("--to", "Anna Berg"), "is not one person"),
    "two in one": (("--to", f"{BEN}, eve@rival.example"), "is not one person"),
    "no such package": (("--to", BEN, "--package", "9"), "no package 9"),
    "a header": (("--to", "Anna\r\nBcc: x@y.example <anna@client.example>"), "is not one person"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_handed_over_leaves_nothing_behind(
    workspace: Workspace, database: Database, case: str
) -> None:
    options, cause = REFUSED[case]
    refused = workspace.run("deliver", "studio", *options, status=2)
    assert re.search(cause, refused.stderr)
    with database.read() as session:
        open_ = select(PackageLink).where(PackageLink.revoked_at.is_(None))
        assert session.scalars(open_).all() == []
        assert session.scalars(select(Delivery).where(Delivery.project_id == COMPANION)).all() == []


def test_a_package_that_is_kept_elsewhere_is_not_promised(
    workspace: Workspace, database: Database, tmp_path: Path
) -> None:
    workspace.patch.setenv("AICMO_PACKAGES_URL", (tmp_path / "elsewhere").as_uri())
    refused = workspace.run("deliver", "studio", "--to", ANNA, status=2)
    assert "is kept in another store" in refused.stderr


@pytest.mark.usefixtures("database")
def test_without_a_public_address_there_is_no_link(workspace: Workspace) -> None:
    for url in (
        "",
        "http://mail.agency.example",
        "https://user:pw@mail.agency.example",
        "https://a b",
    ):
        workspace.patch.setenv("AICMO_SERVE_URL", url)
        assert (
            "AICMO_SERVE_URL" in workspace.run("deliver", "studio", "--to", ANNA, status=2).stderr
        )


def test_a_brand_that_cannot_send_email_is_told_what_it_lacks(
    workspace: Workspace, database: Database
) -> None:
    build(database, workspace, project="quiet", items=[], brand=brand(sender=None))
    refused = workspace.run("deliver", "quiet", "--to", ANNA, status=2)
    assert "no brand.sender" in refused.stderr


def test_a_withdrawn_link_takes_its_email_along(workspace: Workspace, database: Database) -> None:
    workspace.run("deliver", "studio", "--to", ANNA, "--to", BEN)
    shown = workspace.json("packages", "studio", "--revoke", "1")
    assert [each["state"] for each in shown["links"]] == ["revoked", "open"]
    assert [message_from_bytes(each)["To"] for each in send(workspace)] == [BEN]
    workspace.run("packages", "studio", "--revoke", "77", status=2)


def test_what_was_opened_is_shown(workspace: Workspace, database: Database) -> None:
    workspace.run("deliver", "studio", "--to", ANNA)
    note_visit(database, 1, "opened")
    note_visit(database, 1, "downloaded", "deck.pptx")
    link = workspace.json("packages", "studio")["links"][0]
    assert (link["recipient"], link["opened"], link["downloaded"]) == ("Anna Berg", 1, 1)
    table = workspace.run("packages", "studio").stdout
    assert "Anna Berg" in table
    assert "final" in table


def test_an_erased_person_is_named_nowhere(workspace: Workspace, database: Database) -> None:
    workspace.run("deliver", "studio", "--to", ANNA, "--to", BEN)
    workspace.run("erase", "studio", "--email", "anna@client.example", "--yes")
    workspace.run("deliver", "studio", "--to", BEN)
    with database.read() as session:
        kept = str([vars(each) for table in (Plan, Contact, PackageLink, Delivery, AuditEvent)
                    for each in session.scalars(select(table))])  # fmt: skip
        erased = session.scalars(select(Contact).where(Contact.project_id == COMPANION)).first()
    assert "Anna" not in kept
    assert "anna@" not in kept
    assert erased is not None
    assert (erased.email, bool(erased.address_hmac)) == ("", True)
    assert [message_from_bytes(each)["To"] for each in send(workspace)] == [BEN, BEN]


def test_a_companion_is_known_as_one(workspace: Workspace, database: Database) -> None:
    workspace.run("deliver", "studio", "--to", ANNA)
    with database.read() as session:
        assert handover_projects(session) == {COMPANION}
    refused = workspace.run("deliver", COMPANION, "--to", ANNA, status=2)
    assert "no package" in refused.stderr
    refused = workspace.run("package", COMPANION, status=2)
    assert "has none of its own" in refused.stderr


def test_a_persons_own_project_is_no_companion(workspace: Workspace, database: Database) -> None:
    build(database, workspace, project=COMPANION)
    refused = workspace.run("deliver", "studio", "--to", ANNA, status=2)
    assert "isn't the companion of studio" in refused.stderr


@pytest.mark.usefixtures("database")
def test_files_in_a_folder_have_no_links_for_others(workspace: Workspace) -> None:
    refused = workspace.run("packages", "studio", "--links", status=2)
    assert "in a folder" in refused.stderr


def test_a_plan_that_went_on_is_mentioned(workspace: Workspace, database: Database) -> None:
    with database.write() as session:
        for package in session.scalars(select(Package)):
            package.plan_version = 0
    said = workspace.run("deliver", "studio", "--to", ANNA)
    assert "changed since package 1" in said.stderr
