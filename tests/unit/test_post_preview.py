"""Posts in the preview, over the ledger: as cards with what is wrong, and no yes to errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.execution import approvals, pauses
from aicmo.execution.approvals import CopyRefused
from aicmo.execution.post_card_media import contents
from aicmo.execution.preview import ItemPreview, Preview, preview_items
from aicmo.execution.preview_page import write_preview
from aicmo.execution.project import load_items, load_plan
from aicmo.models import Account, Approval, Delivery
from tests.unit.social_projects import (
    LINK,
    NETWORKS,
    gallery,
    launch,
    pin_account,
    reel,
    social_project,
    thread,
    too_long,
)

NOW = datetime(2026, 3, 16, 17, 0, tzinfo=UTC)


def previewed(database: Database) -> Preview:
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    return preview_items(database, plan, items, NOW)


def item(database: Database, key: str) -> ItemPreview:
    return next(each for each in previewed(database).items if each.item.key == key)


def approve(database: Database, *keys: str) -> None:
    approvals.approve(database, "studio", keys or None, approved_by="Ann", now=NOW)


def errors(found: ItemPreview) -> list[str]:
    return [f"{each.place}: {each.text}" for each in found.found("error")]


def again(key: str, send_at: str, **content: Any) -> dict[str, Any]:
    return {
        "id": key, "channel": "bluesky", "title": key, "send_at": send_at,
        "content": {"text": "We open on Monday.", **content},
    }  # fmt: skip


def written(database: Database, folder: Path) -> str:
    with database.read() as session:
        plan = load_plan(session, "studio")
    page = write_preview(previewed(database), plan, folder, contents(database))
    return page.read_text(encoding="utf-8")


# Cards


def test_a_post_for_all_networks_has_a_card_on_each_under_one_heading(database: Database) -> None:
    social_project(database, launch())
    (group,) = previewed(database).headings
    assert [each.item.channel for each in group] == list(NETWORKS)
    cards = [card for each in group for card in each.cards]
    assert [card.network_name for card in cards] == [
        "LinkedIn", "Instagram", "X", "Bluesky", "Mastodon",
    ]  # fmt: skip
    assert all(card.account.pinned and card.account.avatar for card in cards)
    assert cards[2].account.handle == "@northsideATX"
    assert "Founder places" in cards[2].post.text
    assert cards[4].post.content_warning == "Advertising"
    assert {card.send_at.hour for card in cards} == {12, 17}


def test_a_thread_has_a_card_for_each_part_in_order(database: Database) -> None:
    social_project(database, thread())
    found = item(database, "thread-1")
    assert [(card.part, card.parts) for card in found.cards] == [(1, 3), (2, 3), (3, 3)]
    assert found.cards[1].post.text.startswith("An hour is a calendar’s idea.")
    assert found.would_send == 3


def test_a_card_says_whether_it_is_approved_as_it_is(database: Database) -> None:
    social_project(database, thread())

    def said() -> str:
        return item(database, "thread-1").cards[0].standing.approval

    assert said() == "not approved"
    approve(database)
    assert said() == "approved by Ann"
    with database.write() as session:
        session.execute(update(Account).values(identity="did:plc:another"))
    assert said() == "changed since its approval"
    pin_account(database, "bluesky")
    with database.write() as session:
        session.execute(update(Approval).values(revoked_at=NOW))
    assert said() == "not approved"


def test_what_went_out_is_shown_with_its_link_and_checked_no_more(database: Database) -> None:
    social_project(database, again("one", "2026-03-16T08:00"))
    with database.write() as session:
        values = {"state": "sent", "permalink": "https://bsky.app/profile/x/post/y"}
        session.execute(update(Delivery).values(**values))
    found = item(database, "one")
    assert found.cards[0].standing.permalink == "https://bsky.app/profile/x/post/y"
    assert (found.would_go, dict(found.done), found.checks) == (0, {"sent": 1}, ())


# Without an account


def test_without_a_pinned_account_a_person_posts_it(database: Database) -> None:
    social_project(database, launch(), pinned=("linkedin",))
    mastodon, linkedin = item(database, "launch-mastodon"), item(database, "launch-linkedin")
    assert (linkedin.by_hand, linkedin.would_go) == (False, 1)
    assert (mastodon.by_hand, mastodon.would_go, mastodon.would_send) == (True, 0, 1)
    (hint,) = mastodon.found("hint")
    assert "operator task" in hint.text
    assert "aicmo accounts add studio mastodon" in hint.fix
    assert mastodon.cards[0].account.name == "Northside Studio"
    tallies = {each.item: (each.state, each.reason) for each in previewed(database).tallies}
    assert tallies["launch-mastodon"] == ("held", "operator task: no account is pinned")
    assert tallies["launch-linkedin"] == ("previewed", "")


# Equal texts, errors and approval


def test_an_equal_text_within_a_week_is_refused_and_names_the_other(database: Database) -> None:
    social_project(
        database, again("one", "2026-03-16T12:00"), again("two", "2026-03-20T12:00"),
        again("three", "2026-03-30T12:00"),
    )  # fmt: skip
    (error,) = item(database, "two").found("error")
    assert error.text == "one has the same text on this account within 7 days"
    assert "same_text_again" in error.fix
    assert not item(database, "one").found("error")
    assert not item(database, "three").found("error")
    with pytest.raises(CopyRefused) as raised:
        approve(database)
    assert set(raised.value.refused) == {"two"}
    assert {each.item for each in raised.value.approved} == {"one", "three"}


def test_a_pause_does_not_hide_an_equal_text(database: Database) -> None:
    social_project(database, again("one", "2026-03-16T12:00"), again("two", "2026-03-20T12:00"))
    pauses.pause(database, project_id="studio", by="Ann", now=NOW)
    with pytest.raises(CopyRefused):
        approve(database, "two")


def test_an_equal_text_that_is_meant_is_no_finding(database: Database) -> None:
    social_project(
        database, again("one", "2026-03-16T12:00"),
        again("two", "2026-03-20T12:00", same_text_again=True),
    )  # fmt: skip
    assert not item(database, "two").found("error")


def test_a_post_with_errors_does_not_count_and_is_not_approved(database: Database) -> None:
    social_project(database, too_long(), again("one", "2026-03-16T12:00"))
    found = item(database, "long-1")
    assert (found.would_send, found.would_go, found.findings_count) == (0, 0, 1)
    assert any("280" in each for each in errors(found))
    assert all(each.fix for each in found.found("error"))
    verdicts = {check.name: check.verdict for check in found.checks}
    assert (verdicts["Text"], verdicts["Pictures"]) == ("error", "error")  # no alt text
    tallies = [each for each in previewed(database).tallies if each.item == "long-1"]
    assert [(each.state, each.reason) for each in tallies] == [("held", "can't be composed")]
    with pytest.raises(CopyRefused) as raised:
        approve(database)
    assert set(raised.value.refused) == {"long-1"}
    with database.read() as session:
        assert len(session.scalars(select(Approval)).all()) == 1


def test_x_tells_its_price(database: Database) -> None:
    social_project(database, launch())
    assert item(database, "launch-twitter").cards[0].price_usd > 0
    assert item(database, "launch-bluesky").cards[0].price_usd == 0


# The page


def test_the_page_shows_every_network_and_asks_for_nothing(
    database: Database, tmp_path: Path
) -> None:
    social_project(database, pinned=NETWORKS[:4])
    html = written(database, tmp_path)
    for name in ("LinkedIn", "Instagram", "X", "Bluesky", "Mastodon"):
        assert f"<h3>{name}</h3>" in html
    assert "no account yet: operator task" in html
    assert "Part 2 of 3: " in html
    assert "Alt text: Eight people on mats, seen from above" in html
    sources = re.findall(r'src="([^"]{0,30})', html)
    assert len(sources) > 12
    assert all(each.startswith("data:image/") for each in sources)
    assert not re.search(r"url\(|@import|<script|<link", html)
    assert "default-src 'none'" in html
    assert len(html) < 1_500_000


def test_the_legend_stands_where_something_is_marked_alone(
    database: Database, tmp_path: Path
) -> None:
    alike = launch(content={"text": "One text for all."}, variants={})
    social_project(database, alike | {"channels": ["linkedin", "bluesky"]}, pinned=NETWORKS)
    assert '<p class="differ">' not in written(database, tmp_path)
    social_project(database, launch(), pinned=())
    html = written(database, tmp_path)
    assert "words that aren’t in the post on LinkedIn" in html
    assert "US$0.20 for this post" in html


def test_five_pictures_a_film_and_one_still_to_be_made_are_told_apart(
    database: Database, tmp_path: Path
) -> None:
    medium = {"brief": "The hall by night"}
    social_project(
        database, gallery(), reel(), again("one", "2026-03-16T12:00", media=[medium])
    )  # fmt: skip
    html = written(database, tmp_path)
    assert html.count('<div class="pic"><img') == 4
    assert ">+1</span>" in html
    assert 'aria-label="Film: A walk through the studio"' in html
    assert "<strong>Still to be made</strong>The hall by night" in html
    assert item(database, "one").cards[0].to_make == ("The hall by night",)


def test_hostile_text_stays_text(database: Database, tmp_path: Path) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    social_project(database, again("one", "2026-03-16T12:00", text=attack, link=LINK))
    with database.write() as session:
        session.execute(update(Account).values(name=attack, profile={"handle": attack}))
    html = written(database, tmp_path)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;") >= 3
