"""A whole package goes to a real S3 server: by the environment, and by the Prefect block."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from aicmo.database import open_database
from aicmo.delivery.output_packager import build_project_package, fetch_project_data
from aicmo.packaging.assembly import assemble, store_package
from aicmo.packaging.rendering import render_format
from tests.peers.s3_servers import S3Server, running_swift
from tests.projects import email, imported

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_swift() as server:
        yield server


@pytest.fixture(autouse=True)
def project(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    imported(open_database(sqlite_url), email())


def contents(server: S3Server, prefix: str) -> dict[str, bytes]:
    """Everything under `prefix` in the bucket, by key."""
    client = server.client()
    listed = client.list_objects_v2(Bucket=server.bucket, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"]: client.get_object(Bucket=server.bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def test_the_environment_names_the_bucket(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AICMO_PACKAGES_URL": f"s3://{server.bucket}/by-environment",
        "AWS_ENDPOINT_URL_S3": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
        "AWS_DEFAULT_REGION": server.region,
    }.items():
        monkeypatch.setenv(name, value)
    first = build_project_package("studio", formats=("pptx", "html"))
    again = build_project_package("studio", formats=("pptx", "html"))
    assert (first.errors, again.errors) == ([], [])
    assert first.metadata["stored"] == again.metadata["stored"]
    stored = contents(server, "by-environment/")
    assert {key.rpartition("/")[2] for key in stored} > {
        "deck.pptx", "summary.html", "calendar.xlsx", "ledger.csv", "SHA256SUMS",
        "northside-studio-v1.zip", "manifest.json",
    }  # fmt: skip
    for key, content in stored.items():
        assert hashlib.sha256(content).hexdigest() in key
    manifest = next(body for key, body in stored.items() if key.endswith("manifest.json"))
    formats = [entry["format"] for entry in json.loads(manifest)["files"]]
    assert [name for name in formats if name] == ["pptx", "html"]


def test_a_wrong_secret_is_an_error_that_keeps_the_files(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_PACKAGES_URL", f"s3://{server.bucket}/nothing")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-a-wrong-secret")
    result = build_project_package("studio", formats=("html",))
    assert result.success
    assert result.errors[0].startswith("store_package failed: ")
    assert "canary" not in str(result)
    assert contents(server, "nothing/") == {}


def test_the_block_opens_the_same_store(server: S3Server, tmp_path: Path) -> None:
    from blocks import DeliverablesBucket  # noqa: PLC0415  (Prefect takes seconds to import)

    block = DeliverablesBucket(
        bucket=server.bucket,
        prefix="by-block",
        endpoint_url=server.endpoint_url,
        region=server.region,
        access_key_id=server.access_key_id,
        secret_access_key=SecretStr(server.secret_access_key),
    )
    content = fetch_project_data("studio")
    assert content is not None
    package = assemble(content, [render_format(content, "html", tmp_path)], {}, tmp_path)
    stored = store_package(package, block.open_store())
    names = [file.key.rpartition("/")[2] for file in stored]
    assert (names[0], names[-1]) == ("summary.html", "manifest.json")
    assert not any(file.reused for file in stored)
    assert len(contents(server, "by-block/")) == len(stored)
