"""What a user may rely on from any package store; a subclass gives the `store` fixture."""

from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aicmo.errors import FixInput, StoreRefused
from aicmo.storage.contract import PackageStore, StoredFile, content_key

PDF = b"%PDF-1.7 a plan of thirty posts\n"
ESCAPES = [
    "../outside/strategy.pdf",
    "project/../../outside.pdf",
    "project/..",
    "project/./strategy.pdf",
    "/etc/passwd",
    "project//strategy.pdf",
    "project/",
    "",
    "project/strategy.pdf\0.txt",
    "project/strategy.pdf\n",
    "project\\..\\outside.pdf",
    "project/%2e%2e/outside.pdf",
    "project/.hidden",
    "projét/strategy.pdf",
    "project/" + "a" * 129,
    "a/" * 400 + "strategy.pdf",
]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def new_key() -> str:
    return content_key(f"northside-{uuid.uuid4().hex[:8]}", sha256(PDF), "strategy.pdf")


def write(folder: Path, content: bytes) -> Path:
    path = folder / f"{uuid.uuid4().hex}.pdf"
    path.write_bytes(content)
    return path


def put(
    store: PackageStore,
    key: str,
    path: Path,
    *,
    claimed: str | None = None,
    media_type: str = "application/pdf",
    name: str = "Strategy.pdf",
) -> StoredFile:
    return store.put(
        key,
        path,
        sha256=claimed or sha256(path.read_bytes()),
        media_type=media_type,
        download_name=name,
    )


class StoreContract:
    @pytest.fixture
    def store(self) -> PackageStore:
        raise NotImplementedError

    def test_what_is_stored_comes_back(self, store: PackageStore, tmp_path: Path) -> None:
        key = new_key()
        stored = put(store, key, write(tmp_path, PDF))
        assert stored == StoredFile(key, store.url(key), sha256(PDF), len(PDF), reused=False)
        assert store.read(key) == PDF
        assert store.exists_with(key, sha256(PDF))
        assert not store.exists_with(key, sha256(b"another"))

    def test_an_empty_file_is_a_file(self, store: PackageStore, tmp_path: Path) -> None:
        key = new_key()
        assert put(store, key, write(tmp_path, b"")).size == 0
        assert store.read(key) == b""

    def test_the_same_content_is_reused(self, store: PackageStore, tmp_path: Path) -> None:
        key = new_key()
        first = put(store, key, write(tmp_path, PDF))
        again = put(store, key, write(tmp_path, PDF))
        assert (first.reused, again.reused) == (False, True)
        assert first.url == again.url

    def test_other_content_never_overwrites(self, store: PackageStore, tmp_path: Path) -> None:
        key = new_key()
        put(store, key, write(tmp_path, PDF))
        with pytest.raises(StoreRefused, match="already holds other content") as refused:
            put(store, key, write(tmp_path, b"%PDF-1.7 something else"))
        assert "Nothing was overwritten" in refused.value.next_step
        assert store.read(key) == PDF

    def test_a_file_that_is_not_the_verified_one_is_refused(
        self, store: PackageStore, tmp_path: Path
    ) -> None:
        key = new_key()
        with pytest.raises(StoreRefused, match="is not the file that was verified"):
            put(store, key, write(tmp_path, PDF), claimed=sha256(b"what was verified"))
        assert not store.exists_with(key, sha256(PDF))

    def test_nothing_under_a_key_is_said_so(self, store: PackageStore) -> None:
        key = new_key()
        assert not store.exists_with(key, sha256(PDF))
        with pytest.raises(StoreRefused):
            store.read(key)

    @pytest.mark.parametrize("key", ESCAPES)
    def test_no_key_leaves_the_store(self, store: PackageStore, tmp_path: Path, key: str) -> None:
        path = write(tmp_path, PDF)
        for use in (
            lambda: put(store, key, path),
            lambda: store.read(key),
            lambda: store.exists_with(key, sha256(PDF)),
            lambda: store.link(key, expires_seconds=60),
        ):
            with pytest.raises(FixInput):
                use()

    def test_a_link_instead_of_a_file_is_refused(self, store: PackageStore, tmp_path: Path) -> None:
        secret = write(tmp_path, b"a secret of the machine")
        link = tmp_path / "strategy.pdf"
        link.symlink_to(secret)
        key = new_key()
        with pytest.raises(StoreRefused):
            put(store, key, link)
        with pytest.raises(StoreRefused):
            put(store, key, tmp_path, claimed=sha256(b""))
        assert not store.exists_with(key, sha256(b"a secret of the machine"))

    @pytest.mark.parametrize("media_type", ["", "pdf", "text/html\r\nX-Evil: 1", "text/html; x"])
    def test_a_media_type_is_one(
        self, store: PackageStore, tmp_path: Path, media_type: str
    ) -> None:
        with pytest.raises(FixInput):
            put(store, new_key(), write(tmp_path, PDF), media_type=media_type)

    def test_two_runs_at_once_store_one_file(self, store: PackageStore, tmp_path: Path) -> None:
        key, path = new_key(), write(tmp_path, PDF)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: put(store, key, path), range(4)))
        assert {result.sha256 for result in results} == {sha256(PDF)}
        assert store.read(key) == PDF

    @pytest.mark.parametrize("seconds", [0, -1, 604_801])
    def test_a_link_has_a_life_that_providers_allow(
        self, store: PackageStore, seconds: int
    ) -> None:
        with pytest.raises(FixInput):
            store.link(new_key(), expires_seconds=seconds)
