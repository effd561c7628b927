"""A plain client, as scripts and schedulers often are: it posts, and tries four times on any error.

A file with a line per post sent or failed, written after every answer, is left out by a later run. Each try
is a new request: that is what the usual libraries do when they are called again.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from aicmo.posts.tid import tid
from benchmarks.safety.schedule import CLIENT_SECONDS
from benchmarks.safety.social.networks import NETWORKS
from benchmarks.safety.social.plans import Plan, PlanFolder
from tests.peers.instagram_peer import BASE
from tests.peers.routed_peer import KEY as TOKEN

_TRIES, _PAUSE_SECONDS = 4, 0.02
Post = Callable[[httpx.Client, Plan, str], httpx.Response]


def post_on_x(client: httpx.Client, _: Plan, text: str) -> httpx.Response:
    return client.post("/2/tweets", json={"text": text})


def post_on_linkedin(client: httpx.Client, plan: Plan, text: str) -> httpx.Response:
    version = {
        "LinkedIn-Version": f"{datetime.now(UTC):%Y%m}",
        "X-Restli-Protocol-Version": "2.0.0",
    }
    distribution: dict[str, Any] = {
        "feedDistribution": "MAIN_FEED",
        "targetEntities": [],
        "thirdPartyDistributionChannels": [],
    }
    content = {
        "author": plan.identity,
        "commentary": text,
        "visibility": "PUBLIC",
        "distribution": distribution,
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    return client.post("/rest/posts", json=content, headers=version)


def post_on_instagram(client: httpx.Client, plan: Plan, text: str) -> httpx.Response:
    fields = {"caption": text, "image_url": "https://store.example/studio.jpg"}
    made = client.post(f"{BASE}/{plan.identity}/media", data=fields).raise_for_status()
    container = {"creation_id": made.json()["id"]}
    return client.post(f"{BASE}/{plan.identity}/media_publish", data=container)


def post_on_bluesky(client: httpx.Client, plan: Plan, text: str) -> httpx.Response:
    now = datetime.now(UTC)
    record = {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
    }
    content = {
        "repo": plan.identity,
        "collection": "app.bsky.feed.post",
        "rkey": tid(int(now.timestamp() * 1_000_000), secrets.randbelow(1024)),
        "record": record,
    }
    return client.post("/xrpc/com.atproto.repo.putRecord", json=content)


def post_on_mastodon(client: httpx.Client, _: Plan, text: str) -> httpx.Response:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    content = {"status": text, "visibility": "public"}
    return client.post("/api/v1/statuses", json=content, headers=key)


POSTS: Mapping[str, Post] = {
    "twitter": post_on_x,
    "linkedin": post_on_linkedin,
    "instagram": post_on_instagram,
    "bluesky": post_on_bluesky,
    "mastodon": post_on_mastodon,
}


def run(folder: PlanFolder, plan: Plan) -> None:
    sent, failed = folder.path / f"{plan.name}.sent", folder.path / f"{plan.name}.failed"
    done = _read(sent) | _read(failed)
    login = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
    with httpx.Client(base_url=plan.base_url, headers=login, timeout=CLIENT_SECONDS) as client:
        for number in plan.numbers:
            if number not in done:
                is_sent = _post_with_retry(client, plan, plan.text(number))
                _keep(sent if is_sent else failed, number)
    folder.say(plan, dict.fromkeys(_read(failed), "failed") | dict.fromkeys(_read(sent), "sent"))


def _post_with_retry(client: httpx.Client, plan: Plan, text: str) -> bool:
    post = POSTS[NETWORKS[plan.network].channel]
    for attempt in range(1, _TRIES + 1):
        try:
            post(client, plan, text).raise_for_status()
        except (httpx.HTTPError, ValueError, KeyError):
            time.sleep(_PAUSE_SECONDS * attempt)
        else:
            return True
    return False


def _keep(file: Path, number: int) -> None:
    with file.open("a") as kept:
        kept.write(f"{number}\n")


def _read(file: Path) -> set[int]:
    return {int(line) for line in file.read_text().split()} if file.exists() else set()


if __name__ == "__main__":
    here = PlanFolder()
    for each in here.left():
        run(here, each)
