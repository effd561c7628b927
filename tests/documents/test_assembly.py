"""A package as a whole: its ZIP, its checksums, its row, and what happens when a part breaks."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.database import Database, open_database
from aicmo.delivery.ledger_rows import load_ledger
from aicmo.delivery.output_packager import ProjectPackageResult, build_project_package
from aicmo.delivery.package_rows import load_package, load_packages
from aicmo.delivery.package_snapshots import snapshot_at, snapshot_of
from aicmo.errors import FixInput
from aicmo.models import Attempt, Delivery, Run
from aicmo.packaging import companions
from aicmo.packaging.archive import slug, write_archive
from aicmo.packaging.comparison import compare_packages
from tests.projects import NOW, approved, email, imported, post


@pytest.fixture
def project(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    database = open_database(sqlite_url)
    imported(database, email(), post())
    return database


def build() -> ProjectPackageResult:
    # The page alone: it is quick, and the package around it is the same.
    result = build_project_package("studio", formats=("html",))
    assert result.errors == []
    return result


def test_the_zip_holds_the_whole_package_and_its_checksums_verify(
    project: Database, tmp_path: Path
) -> None:
    del project
    result = build()
    with zipfile.ZipFile(result.metadata["archive"]) as packed:
        packed.extractall(tmp_path)
    folder, unpacked = Path(result.metadata["folder"]), tmp_path / "northside-studio-v1"
    files = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
    assert {f.relative_to(unpacked) for f in unpacked.rglob("*") if f.is_file()} == files
    for place in (folder, unpacked):
        check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
        assert subprocess.run(check, cwd=place, check=False).returncode == 0
    summed = (folder / "SHA256SUMS").read_text().splitlines()
    assert len(summed) == len(files) - 1


def test_building_again_gives_the_same_zip_and_repairs_a_damaged_one(project: Database) -> None:
    del project
    archive = Path(build().metadata["archive"])
    first = archive.read_bytes()
    with zipfile.ZipFile(archive) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    archive.write_bytes(first[:-10])
    assert Path(build().metadata["archive"]).read_bytes() == first
    archive.unlink()
    shutil.rmtree(Path(build().metadata["folder"]))
    assert Path(build().metadata["archive"]).read_bytes() == first


@pytest.mark.parametrize("place", [6, 8, 30, 200, 0.25, 0.5, 0.75, 0.98])
def test_a_zip_with_a_damaged_byte_is_written_anew(place: float, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("".join(f"{n},{n * n}\n" for n in range(500)))
    (tmp_path / "page.webp").write_bytes(bytes(range(256)) * 4)
    archive = tmp_path / "all.zip"
    names = ["items.csv", "page.webp"]
    write_archive(tmp_path, names, archive, "studio-v1")
    first = archive.read_bytes()
    damaged = bytearray(first)
    damaged[int(place if place > 1 else place * len(first))] ^= 0x41
    archive.write_bytes(damaged)
    write_archive(tmp_path, names, archive, "studio-v1")
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert len(packed.read("studio-v1/items.csv")) == (tmp_path / "items.csv").stat().st_size


def test_packages_are_numbered_and_the_same_content_is_the_same_package(
    project: Database,
) -> None:
    first, again = build(), build()
    assert (first.metadata["number"], again.metadata["number"]) == (1, 1)
    approved(project)
    assert build().metadata["number"] == 2
    with project.read() as session:
        rows = load_packages(session, "studio")
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].manifest == first.metadata["manifest"]
    assert rows[0].identity.startswith(Path(first.metadata["folder"]).name.removeprefix("v1-"))
    assert rows[0].store_url == first.metadata["stored"]["manifest.json"]
    assert rows[0].archive["name"] == "northside-studio-v1.zip"
    assert rows[0].archive["size"] == Path(first.metadata["archive"]).stat().st_size


def test_a_package_that_could_not_be_stored_is_recorded_and_stored_the_next_time(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("AICMO_PACKAGES_URL", "ftp://nowhere")
        failed = build_project_package("studio", formats=("html",))
    assert failed.metadata["number"] == 1
    with project.read() as session:
        assert load_package(session, "studio", 1).store_url == ""
    build()
    with project.read() as session:
        assert load_package(session, "studio", 1).store_url.endswith("/manifest.json")


def test_packaging_again_does_not_change_the_proof(project: Database) -> None:
    del project
    first, again = build(), build()
    assert first.metadata["folder"] == again.metadata["folder"]
    proof = json.loads((Path(first.metadata["folder"]) / "proof" / "ledger.json").read_text())
    assert proof["audit"]["event"] == 1
    assert {row["recipient"] for row in proof["deliveries"]} == {
        "contact 1", "contact 2", "contact 3", "",
    }  # fmt: skip


def test_the_ledger_tells_what_went_out_without_an_address(project: Database) -> None:
    armed, ended = NOW, NOW + timedelta(seconds=2)
    with project.write() as session:
        sent, failed, *_ = session.scalars(select(Delivery).order_by(Delivery.id))
        run = Run(project_id="studio", mode="live", started_by="Ann", started_at=NOW)
        session.add(run)
        session.flush()
        for number in (1, 2):
            session.add(
                Attempt(
                    delivery_id=sent.id, account_id=sent.account_id, number=number, fence=1,
                    run_id=run.id, gateway="smtp", payload_sha256=f"{number}" * 64,
                    armed_at=armed, ended_at=ended if number == 2 else None,
                )
            )  # fmt: skip
        sent.state, sent.attempts = "sent", 2
        sent.provider_ref = "<1@northside.example.com> to PERSON1@example.com"
        failed.state, failed.reason = "failed", "550 <person2@example.com> is unknown"
    with project.read() as session:
        ledger = load_ledger(session, "studio")
    first, second, *_ = ledger.rows
    assert (first.sent_at, first.attempts, first.payload_sha256) == (ended, 2, "2" * 64)
    assert first.provider_ref == "<1@northside.example.com> to (address)"
    assert (second.state, second.reason) == ("failed", "550 <(address)> is unknown")
    assert (second.sent_at, second.payload_sha256) == (None, "")
    assert [row.channel for row in ledger.rows] == ["email", "email", "email", "linkedin"]


def test_nobody_is_named_anywhere_in_the_package(project: Database) -> None:
    approved(project)
    folder = Path(build().metadata["folder"])
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"person1@example.com" not in content, file
            assert b"Person1" not in content, file


def test_a_companion_that_breaks_is_named_and_the_others_are_delivered(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project

    def broken(*_: Any) -> dict[str, str]:
        raise RuntimeError("no ink")

    monkeypatch.setattr(companions, "OF_PLAN", {**companions.OF_PLAN, "calendar.ics": broken})
    result = build_project_package("studio", formats=("html",))
    assert result.success
    assert result.errors == ["calendar.ics failed: no ink"]
    manifest = result.metadata["manifest"]
    assert manifest["missing"] == [{"format": "", "name": "calendar.ics", "reason": "no ink"}]
    assert not manifest["complete"]
    assert "calendar.xlsx" in result.metadata["companions"]


def test_a_package_is_compared_from_its_folder_or_from_the_store(project: Database) -> None:
    folder = Path(build().metadata["folder"])
    here = snapshot_at(folder)
    assert snapshot_at(folder / "manifest.json") == here
    assert replace(snapshot_of(project, "studio", 1), findings=None) == here
    shutil.rmtree(folder)
    assert replace(snapshot_of(project, "studio", 1), findings=None) == here
    with pytest.raises(FixInput, match="has no package 7"):
        snapshot_of(project, "studio", 7)
    with pytest.raises(FixInput, match="isn't there"):
        snapshot_at(folder)


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("Northside Strength Studio", "northside-strength-studio"),
        ("Café Ünal & Co. GmbH", "cafe-unal-co-gmbh"),
        ("استوديو", "my-project"),
        ("../../etc", "etc"),
        ("A" * 200, "a" * 60),
    ],
)
def test_a_clients_name_becomes_the_name_of_a_file(client: str, name: str) -> None:
    assert slug(client, "my-project") == name


def test_what_the_gate_found_is_the_agencys_own(project: Database) -> None:
    result = build()
    found = result.metadata["findings"]
    assert "not approved" in {each["rule"] for each in found}
    with project.read() as session:
        assert load_package(session, "studio", 1).findings == found
    folder = Path(result.metadata["folder"])
    texts = [file.read_text() for file in folder.rglob("*.json")]
    assert len(texts) == 3
    for text in texts:
        assert not [each["fix"] for each in found if each["fix"] in text]
        assert "blocker" not in text


def test_findings_are_told_of_packages_by_number(project: Database) -> None:
    build()
    approved(project)
    build()
    changes = compare_packages(snapshot_of(project, "studio", 1), snapshot_of(project, "studio", 2))
    told = [each.text for each in changes if each.about == "Quality"]
    assert told == ["gone: blocker at items: 2 of 2 not approved: mail-1, post-1"]
