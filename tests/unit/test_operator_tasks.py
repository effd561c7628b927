"""Without an account a post is a person's to publish; what they did is recorded and never repeated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo import audit
from aicmo.channels import Channel
from aicmo.errors import FixInput, TryLater
from aicmo.execution import guards, operator_tasks
from aicmo.execution.cancelling import cancel
from aicmo.execution.operator_tasks import record_done
from aicmo.execution.states import State
from aicmo.gateways.contract import RepeatClass
from aicmo.models import AuditEvent, Delivery
from aicmo.posts.permalinks import read_permalink
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW, TOMORROW, approved, imported, post
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.post_runs import deliveries, later, mastodon_post, opening, pin, run, told

URL = "https://mastodon.example/@studio/110000000000000001"


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def network(ledger: ClockedDatabase) -> Iterator[HttpPeer]:
    with HttpPeer(RepeatClass.READABLE) as peer:
        yield peer


def done(ledger: ClockedDatabase, item: str = "post-1", url: str = URL, **more: Any) -> Any:
    return record_done(ledger, "studio", item, url, by="Ann", **more)


def tasks(ledger: ClockedDatabase) -> list[operator_tasks.OperatorTask]:
    with ledger.read() as session:
        return operator_tasks.operator_tasks(session, "studio", None, now=NOW)


def test_the_tasks_are_the_posts_nobody_can_send_for_us(ledger: ClockedDatabase) -> None:
    imported(
        ledger,
        mastodon_post("post-1", "Second."),
        {**post("post-2", "linkedin"), "send_at": TOMORROW.isoformat()},
    )
    approved(ledger, "post-1")
    found = [(one.item, one.part, one.parts, one.is_approved, one.is_late) for one in tasks(ledger)]
    assert found == [
        ("post-1", 1, 2, True, True), ("post-1", 2, 2, True, True),
        ("post-2", 1, 1, False, False),
    ]  # fmt: skip
    pin(ledger)
    assert [one.item for one in tasks(ledger)] == ["post-2"]


def test_what_a_person_posted_is_sent_and_never_sent_again(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    imported(ledger, mastodon_post())
    approved(ledger)
    run(ledger, opening(network))
    assert told(ledger) == [("held", guards.OPERATOR_TASK)]
    recorded = done(ledger)
    assert (recorded.new, recorded.was_approved) == (True, True)
    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.permalink, delivery.provider_ref) == (
        "sent", URL, "110000000000000001",
    )  # fmt: skip
    pin(ledger)
    approved(ledger)
    run(ledger, opening(network))
    assert network.transmissions.total() == 0
    assert tasks(ledger) == []
    with ledger.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.event == "delivery.done"))
        assert '"approved":true' in events.one().data
        assert audit.verify(session, "studio").broken_at is None


def test_recording_it_again_changes_nothing_and_another_address_is_refused(
    ledger: ClockedDatabase,
) -> None:
    imported(ledger, mastodon_post())
    assert done(ledger).was_approved is False
    assert done(ledger).new is False
    with pytest.raises(FixInput, match="is out already, at https://mastodon"):
        done(ledger, url=URL[:-1] + "9")


def test_a_thread_is_recorded_in_its_order(ledger: ClockedDatabase) -> None:
    imported(ledger, mastodon_post("post-1", "Second."))
    with pytest.raises(FixInput, match="Part 1 of post-1 isn't recorded yet"):
        done(ledger, part=2)
    done(ledger)
    done(ledger, url=URL[:-1] + "2", part=2)
    assert [state for state, _ in told(ledger)] == ["sent", "sent"]
    with pytest.raises(FixInput, match="no part 3"):
        done(ledger, part=3)


def test_what_closed_before_the_person_came_to_it_counts_all_the_same(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    until = {"send_until": "2026-03-10T16:00:00+00:00"}
    imported(ledger, {**mastodon_post(), **until})
    approved(ledger)
    later(ledger, hours=3)
    run(ledger, opening(network))
    assert [state for state, _ in told(ledger)] == ["expired"]
    done(ledger)
    assert [state for state, _ in told(ledger)] == ["sent"]


STATES: list[tuple[State, type[Exception], str]] = [
    (State.SENDING, TryLater, "is sending post-1 at this moment"),
    (State.UNKNOWN, FixInput, "in doubt: a run may have posted it"),
    (State.FAILED, FixInput, "post-1 is failed"),
]


@pytest.mark.parametrize(("state", "error", "said"), STATES, ids=[row[0] for row in STATES])
def test_what_a_run_has_in_hand_is_not_a_person_s(
    state: State, error: type[Exception], said: str, ledger: ClockedDatabase
) -> None:
    imported(ledger, mastodon_post())
    with ledger.write() as session:
        session.execute(update(Delivery).values(state=state.value))
    with pytest.raises(error, match=said):
        done(ledger)
    assert deliveries(ledger)[0].state == state


def test_what_was_called_off_is_no_task(ledger: ClockedDatabase) -> None:
    imported(ledger, mastodon_post())
    cancel(ledger, "studio", ["post-1"], by="Ann", reason="wrong price")
    assert tasks(ledger) == []
    with pytest.raises(FixInput, match="post-1 is cancelled"):
        done(ledger)


def test_a_post_on_several_networks_is_recorded_on_each(ledger: ClockedDatabase) -> None:
    one = {**mastodon_post("post-mastodon"), "part_of": "post"}
    imported(ledger, one, {**post("post-bluesky", "bluesky"), "part_of": "post"})
    with pytest.raises(FixInput, match="goes to several networks"):
        done(ledger, item="post")
    assert done(ledger, item="post-mastodon").new


ADDRESSES = [
    ("linkedin", "https://www.linkedin.com/feed/update/urn:li:share:7123/", "urn:li:share:7123"),
    ("linkedin", "https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A71", "urn:li:ugcPost:71"),
    ("linkedin", "https://www.linkedin.com/posts/acme_we-open-activity-7123-AbCd", ""),
    ("instagram", "https://www.instagram.com/p/C0dEf1Gh2iJ/?igsh=abc", ""),
    ("instagram", "https://instagram.com/acme/reel/C0dEf1Gh2iJ/", ""),
    ("twitter", "https://x.com/acme/status/1800000000000000001?s=20", "1800000000000000001"),
    ("bluesky", "https://bsky.app/profile/acme.example/post/3k5cdetplvy2c", "3k5cdetplvy2c"),
    ("mastodon", "https://social.example/@acme/110000000000000001", "110000000000000001"),
]  # fmt: skip


@pytest.mark.parametrize(("channel", "url", "ref"), ADDRESSES)
def test_an_address_tells_what_its_network_calls_the_post(channel: str, url: str, ref: str) -> None:
    found = read_permalink(Channel(channel), url)
    assert found.ref == ref
    assert "?" not in found.url


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        ("twitter", "https://x.com/acme"),
        ("twitter", "http://x.com/acme/status/1"),
        ("twitter", "https://x.com.evil.example/acme/status/1"),
        ("twitter", "https://x.com@evil.example/acme/status/1"),
        ("linkedin", "https://x.com/acme/status/1"),
        ("bluesky", "https://bsky.app/profile/acme.example"),
        ("mastodon", "https://localhost/@acme/1"),
        ("mastodon", "https://social.example/@acme/1\n2"),
        ("instagram", "https://www.instagram.com/p/" + "a" * 600),
    ],
)
def test_what_is_no_post_of_the_network_is_refused_with_an_example(channel: str, url: str) -> None:
    with pytest.raises(FixInput, match="isn't the address of a post") as refused:
        read_permalink(Channel(channel), url)
    assert "looks like https://" in str(refused.value.next_step)
