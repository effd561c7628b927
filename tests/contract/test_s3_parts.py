"""Large files on real S3 servers: in parts, checked, once, and without leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aicmo.errors import FixConfiguration, StoreRefused
from aicmo.storage.opening import open_store
from aicmo.storage.s3 import S3Store
from tests.contract.store_contract import new_key, put, sha256, write
from tests.contract.test_s3_store import head, open_on
from tests.peers.s3_servers import S3Server, running_ministack, running_swift

pytestmark = pytest.mark.peer
MIB = 1024**2
FILM = bytes(range(256)) * (11 * MIB // 256) + b"the end"


@pytest.fixture(scope="module")
def swift() -> Iterator[S3Server]:
    with running_swift() as server:
        yield server


@pytest.fixture(scope="module")
def ministack() -> Iterator[S3Server]:
    with running_ministack() as server:
        yield server


def in_parts(server: S3Server, part_bytes: int = 5 * MIB, **changes: Any) -> S3Store:
    return open_on(server, parts_from=6 * MIB, part_bytes=part_bytes, **changes)


def requests_of(store: S3Store) -> list[Any]:
    """Every request from now on, as botocore sends it."""
    seen: list[Any] = []
    store._client.meta.events.register("before-send.s3", lambda request, **_: seen.append(request))
    return seen


def operations(seen: list[Any]) -> list[str]:
    def said(url: str) -> str:
        if "partNumber" in url:
            return " part"
        return " uploads" if "?uploads" in url else " upload" if "uploadId" in url else ""

    return [each.method + said(each.url) for each in seen]


def leftovers(server: S3Server) -> list[Any]:
    found = server.client().list_multipart_uploads(Bucket=server.bucket)
    return found.get("Uploads", [])


def test_a_large_file_comes_back_whole(swift: S3Server, tmp_path: Path) -> None:
    store, key = in_parts(swift), new_key()
    seen = requests_of(store)
    stored = put(store, key, write(tmp_path, FILM), media_type="video/mp4", name="Film é.mp4")
    assert (stored.sha256, stored.size, stored.reused) == (sha256(FILM), len(FILM), False)
    assert operations(seen) == [
        "HEAD", "POST uploads", "PUT part", "PUT part", "PUT part", "POST upload",
    ]  # fmt: skip
    assert b"".join(store.chunks(key)) == FILM
    described = head(swift, key)
    assert described["ContentType"] == "video/mp4"
    assert described["ContentDisposition"] == (
        "attachment; filename=\"Film e.mp4\"; filename*=UTF-8''Film%20%C3%A9.mp4"
    )
    assert leftovers(swift) == []


def test_every_part_has_its_checksum_and_the_end_its_condition(
    swift: S3Server, tmp_path: Path
) -> None:
    store = in_parts(swift)
    seen = requests_of(store)
    put(store, new_key(), write(tmp_path, FILM))
    parts = [each for each in seen if "partNumber" in each.url]
    assert all(each.headers["x-amz-checksum-sha256"] for each in parts)
    assert seen[-1].headers["If-None-Match"] in (b"*", "*")


def test_the_same_large_file_is_not_sent_again(swift: S3Server, tmp_path: Path) -> None:
    store, key, path = in_parts(swift), new_key(), write(tmp_path, FILM)
    put(store, key, path)
    seen = requests_of(store)
    assert put(store, key, path).reused
    assert {each.method for each in seen} <= {"HEAD", "GET"}


def test_other_large_content_never_overwrites(swift: S3Server, tmp_path: Path) -> None:
    store, key = in_parts(swift), new_key()
    put(store, key, write(tmp_path, FILM))
    with pytest.raises(StoreRefused, match="already holds other content"):
        put(store, key, write(tmp_path, FILM[::-1]))
    assert store.read(key) == FILM
    assert leftovers(swift) == []


def test_damage_to_one_part_leaves_nothing(swift: S3Server, tmp_path: Path) -> None:
    store, key = in_parts(swift), new_key()

    def damage(request: Any, **_: Any) -> None:
        if "partNumber=2" in request.url:
            request.body = b"X" + FILM[: 5 * MIB - 1]

    store._client.meta.events.register("before-send.s3.UploadPart", damage)
    with pytest.raises(StoreRefused, match="changed on its way"):
        put(store, key, write(tmp_path, FILM))
    assert not open_on(swift).exists_with(key, sha256(FILM))
    assert leftovers(swift) == []


def test_a_large_file_that_changes_while_it_is_sent_is_refused(
    swift: S3Server, tmp_path: Path
) -> None:
    """The later parts are rightly signed and summed: only the whole tells."""
    store, key, path = in_parts(swift), new_key(), write(tmp_path, FILM)

    def tamper(**_: Any) -> None:
        path.write_bytes(FILM[::-1])

    store._client.meta.events.register("before-send.s3.CreateMultipartUpload", tamper)
    with pytest.raises(StoreRefused, match="changed on its way"):
        put(store, key, path)
    assert not open_on(swift).exists_with(key, sha256(FILM))
    assert leftovers(swift) == []


def test_parts_that_are_too_small_are_refused_in_words(swift: S3Server, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="EntityTooSmall"):
        put(in_parts(swift, part_bytes=MIB), new_key(), write(tmp_path, FILM))
    assert leftovers(swift) == []


@pytest.mark.parametrize("name", ["swift", "ministack"])
def test_a_lost_answer_to_the_last_request_is_settled(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The repeat meets an upload that is complete already."""
    server: S3Server = request.getfixturevalue(name)
    store, key, lost = in_parts(server), new_key(), []

    def complete_before(request: Any, **_: Any) -> None:
        if not lost:
            lost.append(request.url)
            completing = _completing(server, key)
            in_parts(server)._client.complete_multipart_upload(**completing)

    store._client.meta.events.register("before-send.s3.CompleteMultipartUpload", complete_before)
    stored = put(store, key, write(tmp_path, FILM))
    assert (len(lost), stored.sha256) == (1, sha256(FILM))
    assert store.read(key) == FILM


def _completing(server: S3Server, key: str) -> dict[str, Any]:
    target = {"Bucket": server.bucket, "Key": f"deliverables/{key}"}
    upload = next(each for each in leftovers(server) if each["Key"] == target["Key"])["UploadId"]
    parts = server.client().list_parts(**target, UploadId=upload)["Parts"]
    named = [{"PartNumber": each["PartNumber"], "ETag": each["ETag"]} for each in parts]
    return {**target, "UploadId": upload, "MultipartUpload": {"Parts": named}}


def test_encryption_is_asked_for_by_the_environment(
    ministack: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": ministack.endpoint_url,
        "AWS_ACCESS_KEY_ID": ministack.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ministack.secret_access_key,
        "AWS_DEFAULT_REGION": ministack.region,
        "AICMO_PACKAGES_ENCRYPTION": "AES256",
    }.items():
        monkeypatch.setenv(name, value)
    key, large = new_key(), new_key()
    put(open_store("s3://packages/deliverables"), key, write(tmp_path, b"%PDF-1.7"))
    assert head(ministack, key)["ServerSideEncryption"] == "AES256"
    encrypted = in_parts(ministack, server_side_encryption="AES256")
    put(encrypted, large, write(tmp_path, FILM))
    assert head(ministack, large)["ServerSideEncryption"] == "AES256"


def test_an_encryption_nobody_knows_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_PACKAGES_ENCRYPTION", "rot13")
    with pytest.raises(FixConfiguration, match="AICMO_PACKAGES_ENCRYPTION"):
        open_store("s3://packages")
