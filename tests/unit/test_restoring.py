"""After a restore from a backup nothing goes out a second time, until a person releases it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, TryLater
from aicmo.execution import approvals, restoring, runs, watermarks
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Installation, Item
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import approved, email, imported
from tests.unit.backups import (
    DatabaseOfAnotherName,
    OverwrittenFile,
    ReloadedDatabase,
    RenamedDatabase,
    ReplacedFile,
    Restorable,
)
from tests.unit.live_runs import execute, started

HELD = "restored from a backup: it may have gone out already"
NOW = datetime.now(UTC).replace(microsecond=0)
LATER = NOW + timedelta(days=2)

FILES: list[type[Restorable]] = [OverwrittenFile, ReplacedFile]
SERVERS: list[type[Restorable]] = [RenamedDatabase, DatabaseOfAnotherName, ReloadedDatabase]
WAYS = [*FILES, *(pytest.param(way, marks=pytest.mark.peer) for way in SERVERS)]


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def restorable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Restorable]:
    fixture = "sqlite_url" if request.param in FILES else "postgres_url"
    found: Restorable = request.param(request.getfixturevalue(fixture), tmp_path)
    yield found
    found.database.dispose()


@pytest.fixture
def file(sqlite_url: str, tmp_path: Path) -> Iterator[Restorable]:
    found = OverwrittenFile(sqlite_url, tmp_path)
    yield found
    found.database.dispose()


def planned(database: Database) -> None:
    """An item to three people that is due now, and one that is due in two days."""
    imported(database, email("now", NOW - timedelta(hours=1)), email("later", LATER))
    approved(database, at=NOW)


def disarmed_at(database: Database) -> datetime | None:
    with database.read() as session:
        return session.scalars(select(Installation.disarmed_at)).one()


def status(database: Database) -> restoring.Status:
    with database.read() as session:
        return restoring.status(session)


def test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes(
    restorable: Restorable,
) -> None:
    planned(restorable.database)
    with SmtpPeer() as peer:
        execute(restorable.database, peer, NOW, limit=1)
        restorable.back_up()
        execute(restorable.database, peer, NOW)
        assert peer.effects.total() == 3
        database = restorable.restore()
        report = execute(database, peer, NOW)
        assert peer.effects.total() == 3
        assert report.reasons["held"] == {HELD: 2}
        assert (report.items_sent_successfully, report.balanced) == (1, True)
        execute(database, peer, LATER + timedelta(hours=1))
        assert set(peer.effects.values()) == {2}
        assert peer.effects.total() == 6


def test_what_is_released_goes_out_once(database: Database) -> None:
    planned(database)
    with SmtpPeer() as peer:
        execute(database, peer, NOW, limit=1)
        restoring.disarm(database, by="Ann", reason="restored")
        execute(database, peer, NOW)
        assert peer.effects.total() == 1
        held = restoring.release(database, "studio", ["now"], by="Ann", reason="the relay's log")
        assert [(each.item, each.deliveries) for each in held] == [("now", 2)]
        execute(database, peer, NOW)
        execute(database, peer, NOW)
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 3
    with database.read() as session:
        rows = audit.events(session, "studio", newest=100)
        assert audit.verify(session, "studio").broken_at is None
    told = [json.loads(row.data) for row in rows if row.event == "control.released"]
    assert told == [{"items": ["now"], "reason": "the relay's log"}]


def test_a_database_that_was_never_restored_is_never_disarmed(database: Database) -> None:
    planned(database)
    with SmtpPeer() as peer:
        for _ in range(3):
            assert restoring.check(database) == ""
            execute(database, peer, NOW)
        assert peer.effects.total() == 3
    assert disarmed_at(database) is None
    assert status(database) == restoring.Status(None, ())


def test_a_restore_is_told_once_with_its_sign_and_audited(file: Restorable) -> None:
    planned(file.database)
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW, limit=1)
        file.back_up()
        execute(file.database, peer, NOW)
    database = file.restore()
    assert restoring.check(database) == "the database lacks what this machine has sent"
    first = disarmed_at(database)
    assert restoring.check(database) == ""
    assert disarmed_at(database) == first is not None
    with database.read() as session:
        events = audit.events(session, "", newest=10)
    assert [row.event for row in events] == ["control.disarmed"]


def test_a_restore_is_seen_though_as_much_has_happened_since(file: Restorable) -> None:
    planned(file.database)
    file.back_up()
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW, limit=1)
    database = file.restore()
    for _ in range(20):
        approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    approved(database, at=NOW)
    assert restoring.check(database)


def test_workers_that_start_at_once_disarm_once(file: Restorable) -> None:
    planned(file.database)
    with SmtpPeer() as peer:
        file.back_up()
        execute(file.database, peer, NOW)
    database = file.restore()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: restoring.check(database), range(8)))
    assert sum(1 for each in found if each) == 1
    with database.read() as session:
        assert len(audit.events(session, "", newest=10)) == 1


def test_another_machine_does_not_hold_again_what_was_released(file: Restorable) -> None:
    planned(file.database)
    first = file.database.journal_folder
    second = first.with_name("second-machine")
    file.back_up()
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW, limit=1)
        file.database.journal_folder = second
        execute(file.database, peer, NOW, limit=1)
    database = file.restore()
    assert restoring.check(database)
    restoring.release(database, "studio", None, by="Ann", reason="nobody has it")
    database.journal_folder = second
    assert restoring.check(database) == ""
    assert status(database).held == ()
    assert restoring.check(database) == ""


def test_a_machine_that_sent_nothing_itself_sees_the_restore_too(file: Restorable) -> None:
    planned(file.database)
    file.back_up()
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW)
        file.database.journal_folder = file.database.journal_folder.with_name("second-machine")
        restoring.check(file.database)
        second = file.database.journal_folder
        database = file.restore()
        database.journal_folder = second
        execute(database, peer, NOW)
        assert peer.effects.total() == 3


def test_a_second_restore_disarms_again_though_less_had_happened_since(file: Restorable) -> None:
    planned(file.database)
    file.back_up()
    with SmtpPeer() as peer:
        for _ in range(4):
            execute(file.database, peer, NOW, limit=1)
        database = file.restore()
        assert restoring.check(database)
        restoring.release(database, "studio", None, by="Ann", reason="nobody has it")
        file.back_up()
        execute(database, peer, NOW, limit=1)
        sent = peer.effects.total()
        database = file.restore()
        assert execute(database, peer, NOW).reasons["held"] == {HELD: 3}
        assert peer.effects.total() == sent


def test_a_restore_during_a_run_is_seen_before_anything_is_armed(file: Restorable) -> None:
    """The backup was made during the run, so that it knows the run but not what it sent."""
    planned(file.database)
    run = started(file.database, NOW)
    items = runs.extract_items(run)
    file.back_up()
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW)
        file.restore()
        with pytest.raises(TryLater, match="restored from a backup during the run"):
            runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
        assert peer.effects.total() == 3


def name_of(database: Database) -> str:
    with database.read() as session:
        return watermarks.head(session, "studio")[2]


def test_another_database_of_the_same_name_is_no_restore(tmp_path: Path) -> None:
    """Whoever deletes the file and starts afresh isn't held up by what the first one knew."""
    file = tmp_path / "aicmo.db"
    for _ in range(2):
        database = Database(f"sqlite:///{file}")
        database.upgrade()
        planned(database)
        with SmtpPeer() as peer:
            execute(database, peer, NOW)
            assert peer.effects.total() == 3
        database.dispose()
        for each in tmp_path.glob("aicmo.db*"):
            each.unlink()


def test_two_databases_in_one_folder_know_nothing_of_each_other(tmp_path: Path) -> None:
    for name in ("first.db", "second.db", "first.db"):
        database = Database(f"sqlite:///{tmp_path / name}")
        if not (tmp_path / name).exists():
            database.upgrade()
            planned(database)
        with SmtpPeer() as peer:
            report = execute(database, peer, NOW)
        assert (report.items_sent_successfully, report.items_held) == (3, 0)
        database.dispose()


def test_a_mistyped_project_stops_nobody(file: Restorable) -> None:
    planned(file.database)
    for name in ("plans/p.json", "../../evil", 90 * "é"):
        runs.record_not_found(file.database, name, "Ann")
    with SmtpPeer() as peer:
        assert execute(file.database, peer, NOW).items_sent_successfully == 3
    assert {each.name for each in file.database.journal_folder.iterdir()} == {"studio.head"}


def test_a_later_time_releases_nothing(database: Database) -> None:
    planned(database)
    restoring.disarm(database, by="Ann", reason="restored on a new machine")
    later = NOW + timedelta(hours=1)
    imported(database, email("now", later))
    approved(database, at=later)
    with SmtpPeer() as peer:
        execute(database, peer, later + timedelta(minutes=1))
        assert peer.effects.total() == 0
        restoring.release(database, "studio", None, by="Ann", reason="not in the relay's log")
        execute(database, peer, later + timedelta(minutes=1))
        assert peer.effects.total() == 3


@dataclass
class Noted:
    database: Database

    def note(self, number: int) -> None:
        restoring.remember_head(
            self.database, "studio", number, f"{number:064x}", name_of(self.database)
        )

    @property
    def number(self) -> int:
        with self.database.read() as session:
            (found,) = watermarks.stale(session, self.database)
        return found.number


def test_a_slower_worker_does_not_put_the_watermark_back(file: Restorable) -> None:
    noted = Noted(file.database)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(noted.note, [*range(1, 61), *range(60, 0, -1)]))
    assert noted.number == 60


@pytest.mark.parametrize("left", [b"", b"00000000", b"\0" * 118], ids=["empty", "cut", "zeros"])
def test_a_watermark_that_a_power_cut_spoilt_proves_nothing(file: Restorable, left: bytes) -> None:
    planned(file.database)
    Noted(file.database).note(1000)
    (path,) = file.database.journal_folder.glob("*.head")
    path.write_bytes(left)
    assert restoring.check(file.database) == ""
    with SmtpPeer() as peer:
        execute(file.database, peer, NOW)
    assert restoring.check(file.database) == ""


def test_a_person_who_knows_of_a_restore_holds_what_was_due(database: Database) -> None:
    planned(database)
    with pytest.raises(FixInput, match="needs a reason"):
        restoring.release(database, "studio", None, by="Ann", reason=" ")
    restoring.disarm(database, by="Ann", reason="restored on a new machine")
    with SmtpPeer() as peer:
        assert execute(database, peer, NOW).reasons["held"] == {HELD: 3}
        assert peer.effects.total() == 0
    held = status(database).held
    assert [(each.project_id, each.item, each.deliveries) for each in held] == [
        ("studio", "now", 3)
    ]
    with pytest.raises(FixInput, match="studio has no item nothing"):
        restoring.release(database, "studio", ["now", "nothing"], by="Ann", reason="seen")
    assert status(database).held == held
    assert restoring.release(database, "studio", ["later"], by="Ann", reason="seen") == ()


def test_a_release_outlives_a_clock_that_is_put_back(database: Database) -> None:
    planned(database)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with database.write() as session:
        session.execute(update(Installation).values(disarmed_at=tomorrow))
    restoring.release(database, "studio", ["now"], by="Ann", reason="seen")
    assert status(database).held == ()
    with SmtpPeer() as peer:
        execute(database, peer, NOW)
        assert peer.effects.total() == 3


def test_what_cannot_go_out_any_more_is_not_listed(database: Database) -> None:
    planned(database)
    restoring.disarm(database, by="Ann", reason="restored")
    with database.write() as session:
        session.execute(update(Item).where(Item.key == "now").values(cancelled_at=NOW))
    assert status(database).held == ()


def test_an_empty_database_has_nothing_to_hold(database: Database) -> None:
    assert restoring.check(database) == ""
    with pytest.raises(FixInput, match="nothing to hold"):
        restoring.disarm(database, by="Ann", reason="restored")


def place(database: Database) -> str:
    with database.read() as session:
        return session.scalars(select(Installation.place)).one()


@pytest.fixture
def ordinary_role(postgres_url: str) -> Iterator[Database]:
    """The database as a role sees it that may use its tables and nothing else."""
    plain = make_url(postgres_url).set(drivername="postgresql")
    role = f"{plain.database}_role"
    grants = (
        f'CREATE ROLE "{role}" LOGIN',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}"',
    )
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as server:
        for grant in grants:
            server.execute(grant)
        named = make_url(postgres_url).set(username=role).render_as_string(hide_password=False)
        database = Database(named)
        yield database
        database.dispose()
        server.execute(f'DROP OWNED BY "{role}"')
        server.execute(f'DROP ROLE "{role}"')


@pytest.mark.peer
def test_an_ordinary_role_may_see_where_the_database_stands(ordinary_role: Database) -> None:
    planned(ordinary_role)
    restoring.check(ordinary_role)
    assert place(ordinary_role).startswith("cluster ")


@pytest.mark.peer
def test_a_server_that_keeps_its_place_to_itself_is_told_by_the_watermark_alone(
    ordinary_role: Database, postgres_url: str
) -> None:
    planned(ordinary_role)
    restoring.check(ordinary_role)
    noted = place(ordinary_role)
    plain = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    assert restoring.check(ordinary_role) == ""
    assert place(ordinary_role) == noted
    restoring.remember_head(ordinary_role, "studio", 1000, "0" * 64, name_of(ordinary_role))
    assert restoring.check(ordinary_role)
