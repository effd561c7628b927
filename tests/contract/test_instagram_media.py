"""Instagram fetches a post's media from our own store: private, but for a link of an hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from aicmo.channels import Channel
from aicmo.errors import FixConfiguration
from aicmo.execution.public_media import publish_media
from aicmo.gateways.instagram import InstagramGateway
from tests.contract.gateway_contract import NOT_SENT, SENT, always, permit
from tests.contract.social_samples import NOW, Tokens, picture
from tests.contract.test_instagram_gateway import CONTRACT
from tests.peers.instagram_peer import InstagramPeer
from tests.peers.s3_servers import S3Server, running_swift


@pytest.fixture(scope="module")
def swift() -> Iterator[S3Server]:
    with running_swift() as server:
        yield server


@pytest.fixture
def bucket(swift: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    monkeypatch.setenv("AICMO_PACKAGES_URL", f"s3://{swift.bucket}/deliverables")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", swift.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", swift.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", swift.secret_access_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", swift.region)
    return swift


@pytest.mark.peer
def test_the_approved_bytes_are_what_instagram_fetches(bucket: S3Server) -> None:
    fetched: list[httpx.Response] = []

    def fetch(address: str) -> None:
        fetched.append(httpx.get(address, trust_env=False))

    with InstagramPeer(fetch=fetch) as peer:
        account, tokens = CONTRACT.account(peer), Tokens()
        gateway = InstagramGateway(
            permit(Channel.INSTAGRAM), account, tokens, publish_media, polls=(), clock=lambda: NOW
        )
        with gateway:
            ready = CONTRACT.ready(peer, gateway, CONTRACT.with_picture())
            assert gateway.send(ready, always).kind is SENT

    (answer,) = fetched
    assert (answer.status_code, answer.content) == (200, picture().content)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "X-Amz-Signature" not in repr(ready.staged)


@pytest.mark.peer
def test_a_link_works_for_an_hour_and_the_file_for_nobody_without_it(bucket: S3Server) -> None:
    link = publish_media(picture())
    bare = urlsplit(link)._replace(query="").geturl()
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["3600"]
    refused = httpx.get(bare, trust_env=False)
    assert refused.status_code >= 400
    assert picture().content not in refused.content
    assert bare.endswith(f"/deliverables/posts/{picture().sha256}.jpg")


@pytest.mark.peer
def test_the_same_picture_is_stored_once(bucket: S3Server) -> None:
    publish_media(picture())
    publish_media(picture())
    keys = bucket.client().list_objects_v2(Bucket=bucket.bucket)["Contents"]
    assert len([each for each in keys if picture().sha256 in each["Key"]]) == 1


def test_a_folder_is_no_place_that_instagram_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_PACKAGES_URL", tmp_path.as_uri())
    with pytest.raises(FixConfiguration, match="a folder it can't reach") as raised:
        publish_media(picture())
    assert "AICMO_PACKAGES_URL" in raised.value.next_step
    assert not list(tmp_path.iterdir())


def test_a_post_waits_while_there_is_no_store() -> None:
    with InstagramPeer() as peer:
        gateway = InstagramGateway(
            permit(Channel.INSTAGRAM), CONTRACT.account(peer), Tokens(), publish_media
        )
        with gateway:
            objection = gateway.stage(CONTRACT.with_picture()).objection
    assert objection is not None
    assert objection.kind is NOT_SENT
    assert "folder it can't reach" in objection.detail
    assert "AICMO_PACKAGES_URL" in objection.detail[:160]  # as much as the ledger shows
