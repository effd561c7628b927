"""The S3 store keeps the store contract on real servers, and says clearly what goes wrong.

Swift decides about signatures, checksums and conditions; ministack about encryption.
"""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration, FixInput, StoreRefused
from aicmo.storage.contract import PackageStore, Upload
from aicmo.storage.disposition import attachment
from aicmo.storage.opening import open_store
from aicmo.storage.s3 import S3Store, open_s3_store
from tests.contract.store_contract import PDF, StoreContract, new_key, put, sha256, write
from tests.peers.s3_faults import answering_puts, losing_first_answer
from tests.peers.s3_servers import S3Server, running_ministack, running_swift

SERVERS = ["swift", "ministack"]
CANARY = "canary-secret-71c2"


@pytest.fixture(scope="session")
def swift() -> Iterator[S3Server]:
    with running_swift() as server:
        yield server


@pytest.fixture(scope="session")
def swift_store(swift: S3Server) -> S3Store:
    return open_on(swift)


@pytest.fixture(scope="session")
def ministack() -> Iterator[S3Server]:
    with running_ministack() as server:
        yield server


@pytest.fixture(scope="session")
def ministack_store(ministack: S3Server) -> S3Store:
    return open_on(ministack)


def open_on(server: S3Server, **changes: Any) -> S3Store:
    options = {
        "bucket": server.bucket,
        "prefix": "deliverables",
        "endpoint_url": server.endpoint_url,
        "access_key_id": server.access_key_id,
        "secret_access_key": SecretStr(server.secret_access_key),
        "region": server.region,
    }
    return open_s3_store(**(options | changes))


def head(server: S3Server, key: str) -> dict[str, Any]:
    return server.client().head_object(Bucket=server.bucket, Key=f"deliverables/{key}")


@pytest.mark.peer
class TestOnSwift(StoreContract):
    @pytest.fixture
    def store(self, swift_store: S3Store) -> PackageStore:
        return swift_store


@pytest.mark.peer
class TestOnMinistack(StoreContract):
    @pytest.fixture
    def store(self, ministack_store: S3Store) -> PackageStore:
        return ministack_store


@pytest.mark.peer
@pytest.mark.parametrize("name", SERVERS)
def test_a_browser_saves_the_file_under_its_name(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: S3Server = request.getfixturevalue(name)
    store, key = open_on(server), new_key()
    html = "text/html; charset=utf-8"
    put(store, key, write(tmp_path, PDF), media_type=html, name='Café "Plan".html')
    with urlopen(store.link(key, expires_seconds=60)) as answer:
        assert answer.read() == PDF
        assert answer.headers["Content-Type"] == html
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"Cafe Plan.html\"; filename*=UTF-8''Caf%C3%A9%20Plan.html"
        )
    assert head(server, key)["Metadata"] == {"sha256": sha256(PDF)}
    assert store.url(key) == f"s3://packages/deliverables/{key}"


@pytest.mark.peer
@pytest.mark.parametrize("name", SERVERS)
def test_a_link_opens_one_file_and_no_other(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: S3Server = request.getfixturevalue(name)
    store, key, other = open_on(server), new_key(), new_key()
    put(store, key, write(tmp_path, PDF))
    put(store, other, write(tmp_path, PDF))
    link = store.link(key, expires_seconds=60)
    assert urlopen(link).read() == PDF
    for tampered in (
        link.replace(key, other),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        link[:-4] + ("0000" if not link.endswith("0000") else "1111"),
    ):
        assert tampered != link
        with pytest.raises(HTTPError) as refused:
            urlopen(tampered)
        assert refused.value.code == 403


@pytest.mark.peer
@pytest.mark.parametrize("name", SERVERS)
def test_a_file_that_changes_while_it_is_sent_is_refused(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The changed bytes are rightly signed: only the checksum of what was verified tells."""
    server: S3Server = request.getfixturevalue(name)
    store, key, path = open_on(server), new_key(), write(tmp_path, PDF)

    def tamper(**_: Any) -> None:
        path.write_bytes(b"X" + PDF[1:])

    store._client.meta.events.register("before-parameter-build.s3.PutObject", tamper)
    with pytest.raises(StoreRefused, match="changed on its way"):
        put(store, key, path)
    with pytest.raises(StoreRefused, match="no such object"):
        open_on(server).read(key)


@pytest.mark.peer
def test_damage_on_the_wire_is_refused(swift: S3Server, tmp_path: Path) -> None:
    store, key = open_on(swift), new_key()

    def damage(request: Any, **_: Any) -> None:
        request.body = b"X" + PDF[1:]

    store._client.meta.events.register("before-send.s3.PutObject", damage)
    with pytest.raises(StoreRefused, match="changed on its way"):
        put(store, key, write(tmp_path, PDF))
    assert not open_on(swift).exists_with(key, sha256(PDF))


@pytest.mark.peer
def test_what_goes_over_the_wire(swift: S3Server, tmp_path: Path) -> None:
    store = open_on(swift)
    seen: list[dict[str, str]] = []

    def record(request: Any, **_: Any) -> None:
        seen.append({name.lower(): str(value) for name, value in request.headers.items()})

    store._client.meta.events.register("before-send.s3", record)
    key = new_key()
    put(store, key, write(tmp_path, PDF))
    put(store, key, write(tmp_path, PDF))
    store.read(key)
    assert len(seen) >= 3
    assert not [name for headers in seen for name in headers if "acl" in name or "grant" in name]
    sent = seen[0]
    digest = base64.b64encode(bytes.fromhex(sha256(PDF))).decode()
    assert digest in sent["x-amz-checksum-sha256"]
    assert "*" in sent["if-none-match"]
    assert "x-amz-server-side-encryption" not in sent


@pytest.mark.peer
def test_encryption_is_asked_for_where_it_is_configured(
    ministack: S3Server, swift: S3Server, tmp_path: Path
) -> None:
    key = new_key()
    put(open_on(ministack, server_side_encryption="AES256"), key, write(tmp_path, PDF))
    assert head(ministack, key)["ServerSideEncryption"] == "AES256"
    with pytest.raises(FixConfiguration, match="doesn't offer") as refused:
        put(open_on(swift, server_side_encryption="AES256"), key, write(tmp_path, PDF))
    assert "encryption off" in refused.value.next_step


@pytest.mark.peer
def test_a_taken_key_is_compared_by_content_not_by_label(swift: S3Server, tmp_path: Path) -> None:
    key = new_key()
    swift.client().put_object(
        Bucket=swift.bucket,
        Key=f"deliverables/{key}",
        Body=b"forged",
        Metadata={"sha256": sha256(PDF)},
    )
    with pytest.raises(StoreRefused, match="already holds other content"):
        put(open_on(swift), key, write(tmp_path, PDF))


@pytest.mark.peer
@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"secret_access_key": SecretStr(CANARY)}, "refused these credentials"),
        ({"access_key_id": "nobody"}, "refused these credentials"),
        ({"bucket": "no-such-bucket"}, "no-such-bucket doesn't exist"),
        ({"bucket": "Not A Bucket"}, "configuration can't be used"),
    ],
)
def test_wrong_configuration_is_one_clear_sentence(
    swift: S3Server, tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    store = open_on(swift, **changes)
    with pytest.raises(FixConfiguration, match=cause) as refused:
        put(store, new_key(), write(tmp_path, PDF))
    said = str(refused.value) + refused.value.next_step
    assert refused.value.next_step
    assert CANARY not in said
    assert refused.value.__suppress_context__


@pytest.mark.peer
def test_the_environment_configures_a_store(
    swift: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", swift.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", swift.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", swift.secret_access_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", swift.region)
    key = new_key()
    put(open_store("s3://packages/deliverables"), key, write(tmp_path, PDF))
    put(open_store("s3://packages"), key, write(tmp_path, PDF))
    assert open_on(swift).read(key) == PDF
    assert open_on(swift, prefix="").read(key) == PDF


@pytest.mark.peer
def test_a_lost_answer_is_settled_by_repeating(swift: S3Server, tmp_path: Path) -> None:
    with losing_first_answer(swift.endpoint_url) as relay:
        store, key = open_on(swift, endpoint_url=relay.url), new_key()
        stored = put(store, key, write(tmp_path, PDF))
    assert stored.sha256 == sha256(PDF)
    assert stored.reused  # the repeat met the object that the lost answer was about
    assert relay.methods[:2] == ["PUT", "PUT"]
    assert open_on(swift).read(key) == PDF


def test_a_race_is_asked_about_again(tmp_path: Path) -> None:
    with answering_puts([409, 409, 200]) as (server, requests):
        assert not put(open_on(server), new_key(), write(tmp_path, PDF)).reused
    assert requests == [PDF, PDF, PDF]


def test_an_endless_race_ends(tmp_path: Path) -> None:
    path = write(tmp_path, PDF)
    refused = pytest.raises(StoreRefused, match="ConditionalRequestConflict")
    with answering_puts([409] * 20) as (server, requests), refused:
        put(open_on(server), new_key(), path)
    assert len(requests) == 4


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = S3Server("nothing", f"http://127.0.0.1:{port}", "key", CANARY)
    with pytest.raises(StoreRefused, match="didn't answer") as refused:
        put(open_on(server), new_key(), write(tmp_path, PDF))
    assert "AWS_ENDPOINT_URL_S3" in refused.value.next_step


def test_a_file_over_five_tebibytes_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with answering_puts([200]) as (server, requests):
        store, key = open_on(server), new_key()
        with write(tmp_path, PDF).open("rb") as source:
            large = Upload(source, sha256(PDF), 5 * 1024**4 + 1, "video/mp4", "film.mp4")
            with pytest.raises(StoreRefused, match="5 TiB"):
                store._create(key, large)
    assert requests == []


@pytest.mark.parametrize(
    ("endpoint", "bucket", "begins"),
    [
        ("", "packages", "https://packages.s3.eu-central-1.amazonaws.com/"),
        ("", "my.packages", "https://s3.eu-central-1.amazonaws.com/my.packages/"),
        ("http://storage.internal:9000", "packages", "http://storage.internal:9000/packages/"),
        ("https://storage.example.org", "packages", "https://storage.example.org/packages/"),
    ],
)
def test_buckets_are_host_names_only_at_amazon(endpoint: str, bucket: str, begins: str) -> None:
    store = open_s3_store(
        bucket=bucket,
        endpoint_url=endpoint or None,
        access_key_id="key",
        secret_access_key=SecretStr("secret"),
        region="eu-central-1",
    )
    assert store.link(new_key(), expires_seconds=60).startswith(begins)


def test_missing_credentials_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(FixConfiguration, match="NoCredentialsError") as refused:
        put(open_store("s3://packages"), new_key(), write(tmp_path, PDF))
    assert "AWS_ACCESS_KEY_ID" in refused.value.next_step


@pytest.mark.parametrize("endpoint", ["localhost:9000", "not an address"])
def test_a_bad_endpoint_is_a_configuration_error(endpoint: str) -> None:
    with pytest.raises(FixConfiguration):
        open_s3_store(bucket="packages", endpoint_url=endpoint, region="us-east-1")


def test_a_prefix_cannot_leave_the_bucket_path() -> None:
    with pytest.raises(FixInput):
        open_s3_store(bucket="packages", prefix="../other", region="us-east-1")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Strategy.pdf", 'attachment; filename="Strategy.pdf"'),
        ("../../etc/passwd", 'attachment; filename="etcpasswd"'),
        (
            'a"; filename="evil.exe',
            "attachment; filename=\"a_ filename_evil.exe\"; filename*=UTF-8''a%3B%20filename%3Devil.exe",
        ),
        (
            "a\r\nSet-Cookie: x=1",
            "attachment; filename=\"aSet-Cookie_ x_1\"; filename*=UTF-8''aSet-Cookie%3A%20x%3D1",
        ),
        (
            "戦略.pdf",
            "attachment; filename=\"download.pdf\"; filename*=UTF-8''%E6%88%A6%E7%95%A5.pdf",
        ),
        ("", 'attachment; filename="download"'),
    ],
)
def test_a_download_name_is_data(name: str, header: str) -> None:
    assert attachment(name) == header
