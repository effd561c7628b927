"""Whole runs into BottleCRM's own server, with answers that are lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.contacts import suppress
from aicmo.execution.crm_consent import read_consent
from aicmo.execution.crm_opt_outs import tell_consent
from aicmo.execution.crm_restoring import approve_restore, ask_restore
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.bottlecrm import open_bottlecrm_gateway
from aicmo.gateways.contract import OpenGateway
from aicmo.models import Delivery, Item, Run
from aicmo.models import Project as ProjectRow
from aicmo.settings import ExecutionConfig
from tests.conftest import KEY
from tests.contract.real_bottle import ID, Organization, organization_on
from tests.contract.social_samples import Tokens
from tests.peers.bottle_crm import BottleCrm
from tests.peers.effect_gateways import TokenGateway
from tests.peers.http_peer import HttpPeer
from tests.peers.lossy_proxy import Loss, lossy_proxy
from tests.projects import NOW, YESTERDAY, approved, contact, email
from tests.unit.crm_projects import change, connect, import_crm
from tests.unit.departures import hmac_of
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked, opening
from tests.unit.live_runs import LIVE

pytestmark = pytest.mark.peer

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["crm", "email"])
FIELDS = [
    {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
    {"ours": "first_name", "theirs": "first_name", "conflict": "ours"},
    {"ours": "last_name", "theirs": "last_name", "conflict": "ours"},
    {"ours": "goal", "theirs": "title", "conflict": "theirs"},
]
LATER = (YESTERDAY + timedelta(hours=1)).isoformat()


@dataclass(frozen=True)
class Project:
    """A project of three contacts, whose CRM is an organization on the server."""

    database: ClockedDatabase
    crm: Organization

    def plan(
        self, *items: dict[str, Any], people: list[dict[str, Any]] | None = None, **setup: Any
    ) -> None:
        """Imports it anew, pins the CRM's account and approves."""
        import_crm(
            self.database, *items, contacts=people or [person(number) for number in (1, 2, 3)],
            provider="bottlecrm", fields=FIELDS, stages=None, tags="tags", log_emails=True, **setup,
        )  # fmt: skip
        connect(self.database, "bottlecrm", self.crm.account.identity)
        approved(self.database, at=self.database.at)

    def opens(self, url: str = "") -> OpenGateway:
        account = replace(self.crm.account, api_url=url or self.crm.user.url)
        return open_bottlecrm_gateway(account, Tokens(self.crm.token))

    def run(self, open_gateway: OpenGateway, channel: str = "crm") -> ExecutionReport:
        """A live run, a few minutes after the one before."""
        self.database.at += timedelta(minutes=6)
        opened, report = runs.open_run(self.database, LIVE, CONFIG), ExecutionReport("studio")
        try:
            items = runs.extract_items(opened)
            runs.execute_channel(opened, channel, items, lambda: open_gateway)
        except AicmoError as error:
            report.add_error(str(error))
        return runs.close_run(opened, report)

    def ask(self) -> Reconciled:
        """About doubts, when the answer can be trusted."""
        self.database.at += timedelta(minutes=6)
        opens = self.opens()
        return reconcile(self.database, "studio", CONFIG, lambda _: opens, by="tester")

    def states(self) -> dict[str, Counter[str]]:
        with self.database.read() as session:
            rows = session.execute(select(Item.key, Delivery.state).join(Delivery)).tuples()
            found: dict[str, Counter[str]] = {}
            for key, state in rows:
                found.setdefault(key, Counter())[state] += 1
            return found


@pytest.fixture
def project(
    bottle_crm: BottleCrm, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Project]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield Project(database, organization_on(bottle_crm))


def person(number: int, **changes: Any) -> dict[str, Any]:
    attributes = {"last_name": f"Größe {number}", "goal": "Run <5k> & “rest”"}
    return contact(number, attributes=attributes, **changes)


def test_lost_answers_leave_each_contact_and_each_entry_once(project: Project) -> None:
    note = change("note", "log_activity", note="Met at the fair")
    project.plan(change(), note | {"send_at": LATER}, email())
    lost = (
        Loss("lost", "POST", "/api/contacts/", number=2),
        Loss("killed", "POST", "/api/contacts/", number=3),
        Loss("lost", "POST", "/api/interactions/", number=1),
    )
    with HttpPeer() as relay:
        project.run(opening(relay, TokenGateway, project.database), "email")
    with lossy_proxy(project.crm.user.url, *lost) as proxy:
        project.run(project.opens(proxy.url))
        project.run(project.opens(proxy.url))
        assert project.states()["crm-1"] == {"sent": 1, "unknown": 2}
    for _ in range(3):
        project.ask()
        project.run(project.opens())

    assert {key: dict(each) for key, each in project.states().items()} == {
        "crm-1": {"sent": 3}, "note": {"sent": 3}, "mail-1": {"sent": 3}, "mail-1-log": {"sent": 3},
    }  # fmt: skip
    contacts = project.crm.contacts()
    assert sorted(each["email"] for each in contacts) == [
        f"person{number}@example.com" for number in (1, 2, 3)
    ]
    for each in contacts:
        assert each["custom_fields"][ID.removeprefix("cf_")].startswith("studio:c")
        assert len(project.crm.comments(each["id"])) == 1
        assert len(project.crm.interactions(each["id"])) == 1


def test_a_new_import_with_a_changed_address_changes_the_same_contact(project: Project) -> None:
    project.plan(change())
    project.run(project.opens())
    moved = [person(1, email="moved@example.com"), person(2), person(3)]
    project.plan(change(), change("again") | {"send_at": LATER}, people=moved)
    project.run(project.opens())

    assert project.states()["again"] == {"sent": 3}
    emails = sorted(each["email"] for each in project.crm.contacts())
    assert emails == ["moved@example.com", "person2@example.com", "person3@example.com"]


def test_what_the_client_wrote_stays(project: Project) -> None:
    record = project.crm.add(email="person1@example.com", title="CEO", city="Leeds")
    project.plan(change())
    project.run(project.opens())

    found = project.crm.contact(record)
    assert (found["title"], found["city"]) == ("CEO", "Leeds")
    assert (found["first_name"], found["last_name"]) == ("Person1", "Größe 1")
    assert len(project.crm.contacts()) == 3


def test_what_a_run_overwrote_is_put_back(project: Project) -> None:
    vip = project.crm.add_tag("VIP")
    project.crm.add_tag("Spring")
    record = project.crm.add(email="person1@example.com", tags=[vip])
    tag = change("tag", "add_tag", tag="spring") | {"send_at": LATER}
    project.plan(change(), tag, people=[person(1)])
    project.run(project.opens())
    changed = project.crm.contact(record)
    assert (changed["first_name"], len(changed["tags"])) == ("Person1", 2)

    with project.database.read() as session:
        (run_id,) = session.scalars(select(Run.id))
    ask_restore(project.database, "studio", run_id, by="Ann")
    restored = approve_restore(project.database, "studio", run_id, CONFIG, project.opens, by="Ben")

    found = project.crm.contact(record)
    assert {each.wish.state for each in restored} == {"restored"}
    assert (found["first_name"], found["last_name"], found["tags"]) == ("Ada", "Lovelace", [vip])


def test_who_left_is_told_both_ways(project: Project) -> None:
    project.crm.add_field("no_email", "checkbox")
    left, here = (
        project.crm.add(email=f"person{number}@example.com", custom_fields=custom)
        for number, custom in ((1, {"no_email": True}), (2, {}))
    )
    project.plan(change(), consent="both", opt_out="cf_no_email")
    read = read_consent(project.database, "studio", KEY, project.opens, by="Ann")
    with project.database.write() as session:
        client = session.get_one(ProjectRow, "studio").client
        suppress(session, client, hmac_of(2), "unsubscribed", NOW)
    told = tell_consent(project.database, "studio", CONFIG, project.opens, by="Ann")

    assert read.left == ("c1",)
    assert told.told == ("c2",)
    fields = [project.crm.contact(each)["custom_fields"] for each in (left, here)]
    assert fields == [{"no_email": True}, {"no_email": True}]
