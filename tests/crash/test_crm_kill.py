"""A run into a CRM that is killed with a request on the wire: every contact is changed once all the same.

`AICMO_TEST_FULL=1` kills it at every stage of every request.
"""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from aicmo.database import Database
from aicmo.execution.report import Books, read_books
from tests.crash.crm_process import AT_ONCE, crm_process, execute
from tests.crash.live_process import PATIENCE
from tests.crash.promises import ShiftedDatabase
from tests.peers.http_exchange import Request, Stage
from tests.peers.hubspot_peer import HubspotPeer
from tests.projects import approved, contact
from tests.unit.crm_projects import IDENTITY, change, connect, import_crm

PEOPLE = 3 * AT_ONCE
REQUESTS = 2 * PEOPLE // AT_ONCE
"""Contacts are added, then a note is put on each one's timeline."""
FULL = bool(os.environ.get("AICMO_TEST_FULL"))
STAGES: tuple[Stage, ...] = ("head", "body", "applied", "answer")
EVERY = [(number, stage) for number in range(1, REQUESTS + 1) for stage in STAGES]
MOMENTS: list[tuple[int, Stage]] = EVERY if FULL else [(1, "applied"), (REQUESTS - 1, "body")]


class Killer:
    """Kills the process at one stage of one acting request."""

    def __init__(self, number: int, stage: Stage) -> None:
        self.process: subprocess.Popen[str] | None = None
        self._moment, self._begun, self.has_struck = (number, stage), 0, False

    def __call__(self, stage: Stage, request: Request) -> None:
        del request
        self._begun += stage == "head"
        if (self._begun, stage) == self._moment and self.process and not self.has_struck:
            self.has_struck = True
            self.process.kill()
            self.process.wait(PATIENCE)


@pytest.mark.parametrize(("number", "stage"), MOMENTS)
def test_a_killed_run_changes_every_contact_once(
    number: int, stage: Stage, database_url: str
) -> None:
    prepare(database_url)
    killer = Killer(number, stage)
    with HubspotPeer(identity=IDENTITY, watch=killer) as peer:
        with crm_process(database_url, peer.base_url) as process:
            killer.process = process
            process.communicate(timeout=PATIENCE)
        assert killer.has_struck
        books = drained(database_url, peer)
        assert peer.misshapen == []
        assert set(peer.effects.values()) == {2}
        assert len(peer.contacts) == len(peer.effects) == len(peer.activities) == PEOPLE
    assert (books.count("sent"), books.balanced) == (2 * PEOPLE, True)


def test_two_runs_at_once_change_every_contact_once(database_url: str) -> None:
    prepare(database_url)
    with HubspotPeer(identity=IDENTITY) as peer:
        with (
            crm_process(database_url, peer.base_url) as one,
            crm_process(database_url, peer.base_url) as other,
        ):
            said = [each.communicate(timeout=PATIENCE)[0] for each in (one, other)]
        assert [one.returncode, other.returncode] == [0, 0], said
        books = drained(database_url, peer)
        assert set(peer.effects.values()) == {2}
        assert len(peer.contacts) == len(peer.activities) == PEOPLE
    assert books.count("sent") == 2 * PEOPLE


def prepare(database_url: str) -> None:
    """Contacts to be added, and a note for each; approved just now."""
    database = Database(database_url)
    people = [contact(number) for number in range(1, PEOPLE + 1)]
    note = change("note", "log_activity", note="Met at the fair.")
    import_crm(database, change("add"), note, contacts=people)
    connect(database)
    approved(database, at=datetime.now(UTC))
    database.dispose()


def drained(database_url: str, peer: HubspotPeer) -> Books:
    """The books after undisturbed runs, when the leases of all others have lapsed."""
    database = ShiftedDatabase(database_url)
    try:
        for hours in (1, 2, 3):  # what is in doubt is repeated a while later
            database.ahead = timedelta(hours=hours)
            execute(database, peer.base_url)
        with database.read() as session:
            return read_books(session, "studio", now=database.now(session))
    finally:
        database.dispose()
