"""A link to a package whose files are in a bucket leads to the bucket, for some minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from aicmo.database import Database
from aicmo.delivery.package_overview import presigned_links
from aicmo.errors import FixInput
from aicmo.web.app import create_app
from tests.contract.test_s3_store import open_on
from tests.peers.s3_servers import S3Server, running_swift
from tests.peers.web_process import serving_app
from tests.unit.shared_packages import FILES, linked, stored_package, visits

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def swift() -> Iterator[S3Server]:
    with running_swift() as server:
        yield server


def test_a_download_is_sent_on_to_the_bucket(
    swift: S3Server, sqlite_url: str, tmp_path: Path
) -> None:
    store, database = open_on(swift), Database(sqlite_url)
    link = linked(database, stored_package(database, store, tmp_path))
    with serving_app(create_app(database, lambda: store)) as web:
        answer = web.get(f"/p/{link.token}/summary.html")
        head = web.head(f"/p/{link.token}/summary.html")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    presigned = answer.headers["location"]
    assert parse_qs(urlsplit(presigned).query)["X-Amz-Expires"] == ["300"]
    got = httpx.get(presigned, trust_env=False)
    assert got.content == FILES["summary.html"]
    assert got.headers["content-disposition"].startswith("attachment")
    assert (head.status_code, "location" in head.headers) == (200, False)
    assert visits(database) == [("downloaded", "summary.html")]
    database.dispose()


def test_the_buckets_own_links_open_each_file_until_they_end(
    swift: S3Server, sqlite_url: str, tmp_path: Path
) -> None:
    store, database = open_on(swift), Database(sqlite_url)
    stored_package(database, store, tmp_path)
    links = presigned_links(database, "studio", None, store, hours=2)
    assert [each.name for each in links] == [
        "studio-v1.zip", "strategy.pdf", "deck.pptx", "summary.html",
    ]  # fmt: skip
    for each in links[1:]:
        assert httpx.get(each.url, trust_env=False).content == FILES[each.name]
        assert parse_qs(urlsplit(each.url).query)["X-Amz-Expires"] == ["7200"]
    with pytest.raises(FixInput, match="604800 seconds"):
        presigned_links(database, "studio", None, store, hours=169)
    database.dispose()
