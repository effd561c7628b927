"""The local folder keeps the store contract, and nothing planted in it leads a file elsewhere."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aicmo.errors import AicmoError, FixConfiguration, FixInput, StoreRefused
from aicmo.storage.contract import PackageStore, content_key
from aicmo.storage.folder import FolderStore
from aicmo.storage.opening import open_store
from tests.contract.store_contract import PDF, StoreContract, new_key, put, sha256, write


class TestFolderStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> PackageStore:
        return open_store((tmp_path / "packages").as_uri())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "packages"


def visible_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_the_url_and_the_link_open_the_file(root: Path, tmp_path: Path) -> None:
    key = new_key()
    stored = put(FolderStore(root), key, write(tmp_path, PDF))
    assert stored.url == (root / key).as_uri()
    assert FolderStore(root).link(key, expires_seconds=60) == stored.url
    assert (root / key).read_bytes() == PDF


def test_nothing_is_left_beside_the_files(root: Path, tmp_path: Path) -> None:
    key = new_key()
    store = FolderStore(root)
    put(store, key, write(tmp_path, PDF))
    put(store, key, write(tmp_path, PDF))
    with pytest.raises(StoreRefused):
        put(store, key, write(tmp_path, b"other"))
    assert visible_files(root) == [key]


def test_of_two_contents_at_once_exactly_one_is_stored(root: Path, tmp_path: Path) -> None:
    store, key = FolderStore(root), new_key()
    paths = [write(tmp_path, bytes([number]) * 100_000) for number in range(8)]

    def attempt(path: Path) -> bool:
        try:
            put(store, key, path)
        except StoreRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, paths))
    assert won.count(True) == 1
    assert store.read(key) == paths[won.index(True)].read_bytes()


@pytest.mark.parametrize("depth", [0, 1])
def test_a_symbolic_link_to_a_folder_is_refused(root: Path, tmp_path: Path, depth: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    key = new_key()
    planted = root.joinpath(*key.split("/")[: depth + 1])
    planted.parent.mkdir(parents=True)
    planted.symlink_to(outside, target_is_directory=True)
    with pytest.raises(StoreRefused, match="symbolic link"):
        put(FolderStore(root), key, write(tmp_path, PDF))
    assert list(outside.rglob("*")) == []


def test_a_symbolic_link_in_place_of_the_file_is_refused(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.pdf"
    target.write_bytes(PDF)
    key = new_key()
    (root / key).parent.mkdir(parents=True)
    (root / key).symlink_to(target)
    store = FolderStore(root)
    for use in (lambda: put(store, key, write(tmp_path, PDF)), lambda: store.read(key)):
        with pytest.raises(StoreRefused, match="symbolic link"):
            use()


def test_swapping_a_folder_for_a_link_never_redirects_a_file(root: Path, tmp_path: Path) -> None:
    """An attacker flips the project's folder to a link during the very system calls of `put`."""
    outside, store = tmp_path / "outside", FolderStore(root)
    outside.mkdir()
    active = True

    def flip(event: str, arguments: tuple[object, ...]) -> None:
        if active and event in {"open", "os.mkdir", "os.link"}:
            project = root / "northside"
            if project.is_dir() and not project.is_symlink():
                project.rename(tmp_path / f"moved-{os.urandom(4).hex()}")
                project.symlink_to(outside)
            elif project.is_symlink():
                project.unlink()

    sys.addaudithook(flip)
    try:
        for number in range(30):
            path = write(tmp_path, b"%d" % number)
            key = content_key("northside", sha256(b"%d" % number), "strategy.pdf")
            try:
                put(store, key, path)
            except AicmoError:
                continue
    finally:
        active = False
    assert list(outside.rglob("*")) == []


def test_a_file_that_changes_while_it_is_copied_is_refused(root: Path, tmp_path: Path) -> None:
    path = write(tmp_path, b"verified" * 100_000)
    key, active = new_key(), True

    def tamper(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal active
        if active and event == "open" and str(arguments[0]).endswith(".part"):
            active = False
            path.write_bytes(b"tampered" * 100_000)

    sys.addaudithook(tamper)
    with pytest.raises(StoreRefused, match="changed while it was being stored"):
        put(FolderStore(root), key, path)
    assert visible_files(root) == []


def test_a_folder_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    occupied = tmp_path / "packages"
    occupied.write_text("a file stands where the folder should be")
    with pytest.raises(StoreRefused):
        put(FolderStore(occupied), new_key(), write(tmp_path, PDF))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "packages",
        "/srv/packages",
        "file:packages",
        "file://server/share",
        "file:///srv/packages?x=1",
        "file:///srv/%00packages",
        "https://example.com/packages",
        "s3://",
        "s3:///prefix",
        "s3://bucket:9000/prefix",
        "s3://AKIAEXAMPLE:canary-secret@bucket/prefix",
        "s3://[bucket/prefix",
    ],
)
def test_an_address_that_is_not_a_store_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(FixConfiguration) as refused:
        open_store(url)
    assert "canary" not in str(refused.value) + refused.value.next_step
    assert refused.value.next_step


@pytest.mark.parametrize(
    ("project", "checksum", "name"),
    [("a/b", sha256(PDF), "x.pdf"), ("a", "ab12", "x.pdf"), ("..", sha256(PDF), "x.pdf")],
)
def test_a_content_key_is_made_of_safe_parts(project: str, checksum: str, name: str) -> None:
    with pytest.raises(FixInput):
        content_key(project, checksum, name)


def test_a_content_key_names_project_content_and_file() -> None:
    key = content_key("northside-founders", sha256(PDF), "strategy.pdf")
    assert key == f"northside-founders/{sha256(PDF)}/strategy.pdf"
