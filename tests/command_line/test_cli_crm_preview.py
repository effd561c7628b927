"""What a run would change in a CRM, at the command line: read from Salesforce, shown, asked and answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.command_line.cli_workspace import SECRET_KEY, Workspace, enter
from tests.command_line.test_cli_crm_doctor import PROJECT, READER, change, import_document, log_in
from tests.peers.crm_peer import Kept
from tests.peers.routed_peer import KEY
from tests.peers.salesforce_fields import CONTACT_ID
from tests.peers.salesforce_peer import SalesforcePeer
from tests.unit.plan_documents import contact, plain_document

FIELDS = [
    {"ours": "email", "theirs": "Email", "type": "email", "conflict": "ours"},
    {"ours": "last_name", "theirs": "LastName", "conflict": "ours"},
    {"ours": "role", "theirs": "Title", "conflict": "ask"},
]
PEOPLE = [
    contact("ann", attributes={"last_name": "Ames", "role": "Head of bread"}),
    contact("bob", attributes={"last_name": "Best", "role": "Buyer"}),
]
LONG_AGO = datetime(2026, 3, 3, 9, tzinfo=UTC).timestamp()


@pytest.fixture
def peer() -> Iterator[SalesforcePeer]:
    with SalesforcePeer() as running:
        yield running


@pytest.fixture
def ann(peer: SalesforcePeer) -> Kept:
    values = {"Email": "ann@example.com", "LastName": "A.", "Title": "Baker"}
    return peer.add({CONTACT_ID: f"{PROJECT}:ann", **values}, by="Zoë Smith", at=LONG_AGO)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    found = enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(f"AICMO_SECRET_KEY={SECRET_KEY}\n", encoding="utf-8")
    found.run("init")
    return found


def plan(
    workspace: Workspace, *items: dict[str, Any], people: list[dict[str, Any]] | None = None
) -> None:
    crm = {"provider": "salesforce", "fields": FIELDS}
    chosen = list(items) or [change("c1", "upsert_contact")]
    import_document(workspace, plain_document(contacts=people or PEOPLE, crm=crm, items=chosen))


def differences(workspace: Workspace, status: int = 0) -> dict[str, dict[str, Any]]:
    """By contact, what `aicmo preview --json` says of it."""
    told = workspace.json("preview", PROJECT, "c1", status=status)
    return {each["contact"]: each for each in told["items"][0]["crm"]["contacts"]}


def test_what_is_there_is_read_and_set_beside_the_plan(
    workspace: Workspace, peer: SalesforcePeer, ann: Kept
) -> None:
    plan(workspace)
    log_in(peer)

    assert (
        "Read 2 contacts: 1 in the CRM, 1 not there."
        in workspace.run("crm", "read", PROJECT).stdout
    )
    shown = workspace.run("preview", PROJECT, "c1").stdout

    assert "1 waits for an answer, 1 added; read less than a minute ago" in shown
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "email ann@example.com ann@example.com already so" in rows
    assert any(row.startswith("role Baker Head of bread the CRM has another value") for row in rows)
    assert "Zoë Smith, 3 Mar 2026" in shown
    assert ann.values["Title"] == "Baker"
    assert peer.effects == {}


def test_without_a_reading_nothing_is_asked_and_it_is_said(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    plan(workspace)
    log_in(peer)
    shown = workspace.run("preview", PROJECT).stdout
    assert "c1: 2 not read" in shown
    assert f"`aicmo preview {PROJECT} --read` reads what the CRM has now." in shown
    assert peer.seen == []
    found = differences(workspace)["ann"]
    assert (found["standing"], found["fields"][0]["theirs"]) == ("unread", None)
    assert peer.seen == []


def test_a_preview_may_read_before(workspace: Workspace, peer: SalesforcePeer, ann: Kept) -> None:
    plan(workspace)
    log_in(peer)
    shown = workspace.run("preview", PROJECT, "--read").stdout
    assert "c1: 1 waits for an answer, 1 added; read less than a minute ago" in shown
    assert {each["standing"] for each in differences(workspace).values()} == {"asks", "added"}


def test_it_reads_by_the_read_only_log_in(workspace: Workspace, peer: SalesforcePeer) -> None:
    plan(workspace)
    log_in(peer)
    with SalesforcePeer(token=READER) as reader:
        log_in(reader, access_token=READER, is_read_only=True)
        assert workspace.json("crm", "read", PROJECT)["absent"] == 2
    assert peer.seen == []


def test_a_question_is_listed_answered_and_the_difference_goes_by_it(
    workspace: Workspace, peer: SalesforcePeer, ann: Kept
) -> None:
    plan(workspace)
    log_in(peer)
    workspace.run("crm", "read", PROJECT)

    (question,) = workspace.json("crm", "ask", PROJECT)["questions"]
    assert (question["contact"], question["theirs"], question["ours"]) == (
        "ann", "Baker", "Head of bread",
    )  # fmt: skip
    number = str(question["delivery"])
    listed = workspace.run("crm", "ask", PROJECT).stdout
    assert f"`aicmo crm answer {PROJECT} {number} role ours` sends ours" in listed
    said = workspace.run("crm", "answer", PROJECT, number, "role", "ours", "--by", "Casey").stdout
    assert said == "ann, role: “Head of bread” goes out with the next run.\n"
    assert (
        "waits for an answer, as far as it was read" in workspace.run("crm", "ask", PROJECT).stdout
    )
    fields = {each["property"]: each for each in differences(workspace)["ann"]["fields"]}
    assert (fields["Title"]["decision"], fields["Title"]["becomes"]) == ("write", "sent")
    workspace.run("crm", "answer", PROJECT, number, "role", "mine", status=2)
    told = workspace.run("crm", "answer", PROJECT, number, "email", "ours", status=2).stderr
    assert "doesn't ask about email" in told


def test_a_run_says_why_it_left_somebody_as_they_are_and_what_to_do(
    workspace: Workspace, peer: SalesforcePeer, ann: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_CHANNELS", "crm")
    plan(workspace, people=PEOPLE[:1])
    log_in(peer)
    workspace.run("approve", PROJECT, "--yes")

    said = workspace.run("execute", PROJECT, "--enable", "--live").stdout

    assert "Nothing was sent: 1 change in the CRM held." in said
    step = f"1 change in the CRM waits for an answer: `aicmo crm ask {PROJECT}` lists the questions"
    for told in (said, workspace.run("report", PROJECT).stdout):
        assert step in told
        assert "Planned 1 = 1 held" in told
    reasons = workspace.json("report", PROJECT)["reasons"]["held"]
    why = "isn't changed in the CRM: Title: the CRM has another value, a person has to answer"
    assert reasons == {why: 1}


def test_what_the_crm_does_not_take_is_an_error_and_is_not_approved(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    people = [contact("ann", attributes={"last_name": "A" * 81, "role": "Buyer"}), PEOPLE[1]]
    plan(workspace, people=people)
    log_in(peer)
    workspace.run("crm", "doctor", PROJECT, status=1)
    shown = workspace.run("preview", PROJECT, status=1).stdout
    assert "Error  c1, contact.last_name: 1 contact (ann): last_name (LastName) has 81" in shown
    assert "Can't be approved as it is: c1." in shown
    refused = workspace.json("approve", PROJECT, "c1", "--yes", status=1)
    assert (refused["approved"], [each["item"] for each in refused["refused"]]) == ([], ["c1"])


def test_the_page_shows_it_and_no_secret_is_anywhere(
    workspace: Workspace, peer: SalesforcePeer, ann: Kept
) -> None:
    plan(workspace)
    log_in(peer)
    outputs = [
        workspace.run(*command).output
        for command in (
            ("crm", "read", PROJECT),
            ("preview", PROJECT, "c1"),
            ("crm", "ask", PROJECT),
            ("audit", PROJECT),
        )
    ]
    page = Path(differences_page(workspace)).read_text("utf-8")
    assert "What would change in Salesforce" in page
    assert "Zoë Smith, 3 Mar 2026" in page
    assert not [each for each in (*outputs, page) if KEY in each]
    assert "ann@example.com" not in outputs[-1]


def differences_page(workspace: Workspace) -> str:
    return json.loads(workspace.run("preview", PROJECT, "c1", "--json").stdout)["page"]


def test_a_project_without_a_crm_says_what_to_do(workspace: Workspace) -> None:
    import_document(workspace, plain_document())
    for command in (("read", PROJECT), ("ask", PROJECT), ("answer", PROJECT, "1", "a", "ours")):
        told = workspace.run("crm", *command, status=2).stderr
        assert "Describe it in the document's crm section" in told
