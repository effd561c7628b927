"""A post for several networks is read as one item for each, with its own words, media, link and time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import FixDocument
from aicmo.execution.approvals import approve
from aicmo.execution.importing import import_document
from aicmo.models import Delivery, Item
from aicmo.plans.cross_posts import spread
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import PostContent
from aicmo.plans.publishing import json_schema
from aicmo.plans.spreadsheet import with_calendar
from tests.conftest import KEY
from tests.projects import NOW, document, post
from tests.unit.plan_documents import email_item, plain_document, problems_of, read_plain
from tests.unit.social_projects import scene
from tests.unit.test_plan_spreadsheet import HEADING, as_csv


def cross_post(**changes: Any) -> dict[str, Any]:
    return {
        "id": "launch",
        "channels": ["linkedin", "x", "bluesky"],
        "title": "Launch",
        "send_at": "2026-03-04T07:30",
        "content": {"text": "We bake again.", "link": "https://bakery.example.com/open"},
        "variants": {
            "x": {"text": "Bread. Again.", "send_at": "2026-03-04T09:00"},
            "bluesky": {"link": "https://bakery.example.com/sky"},
        },
    } | changes


def items_of(folder: Path, *items: dict[str, Any]) -> dict[str, Any]:
    found = read_plain(folder, plain_document(items=list(items))).document.items
    return {item.id: item for item in found}


def test_each_network_has_its_own_variant(tmp_path: Path) -> None:
    items = items_of(tmp_path, cross_post())
    seen = {
        (item.id, item.channel.value, item.part_of, item.send_at, item.content.text,
         item.content.link.rpartition("/")[2])
        for item in items.values()
    }  # fmt: skip
    assert seen == {
        ("launch-linkedin", "linkedin", "launch", "2026-03-04T07:30", "We bake again.", "open"),
        ("launch-twitter", "twitter", "launch", "2026-03-04T09:00", "Bread. Again.", "open"),
        ("launch-bluesky", "bluesky", "launch", "2026-03-04T07:30", "We bake again.", "sky"),
    }


WRONG = {
    "items[1].channels[1]": ({"channels": ["linkedin", "email"], "variants": {}}, "is not one of"),
    "items[1].channels[2]": (
        {"channels": ["linkedin", "x", "twitter"], "variants": {}}, "names twitter again",
    ),
    "items[1].channels": ({"channels": "linkedin", "variants": {}}, "is not a list of networks"),
    "items[1].channel": ({"channel": "linkedin"}, "stands beside channels"),
    "items[1].variants.mastodon": (
        {"variants": {"mastodon": {"text": "Hi"}}}, "is not one of the post's channels",
    ),
    "items[1].variants.x.txt": ({"variants": {"x": {"txt": "Hi"}}}, "is not a field"),
    "items[1].variants.x.text": ({"variants": {"x": {"text": ""}}}, "is empty"),
    "items[1].variants.bluesky.send_at": (
        {"variants": {"bluesky": {"send_at": "noon"}}}, "noon",
    ),
    "items[1].content.text": ({"content": {"text": ""}, "variants": {}}, "is empty"),
    "items[1].title": ({"title": ""}, "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("place", WRONG)
def test_what_is_wrong_is_told_once_and_where_it_is_written(place: str, tmp_path: Path) -> None:
    changes, said = WRONG[place]
    items = [email_item("e1"), cross_post(**changes)]
    problems = problems_of(tmp_path, plain_document(items=items))
    assert said in problems.pop(place)
    assert problems == {}


def test_an_id_that_is_taken_is_told_at_both_places_as_written(tmp_path: Path) -> None:
    taken = {**cross_post(channels=["linkedin"], variants={}), "id": "launch"}
    items = [cross_post(variants={}), taken]
    problems = problems_of(tmp_path, plain_document(items=items))
    assert problems == {"items[1].id": "launch-linkedin is already used at items[0].id"}


def test_reading_what_was_read_changes_nothing(tmp_path: Path) -> None:
    read = read_plain(tmp_path, plain_document(items=[cross_post()])).document
    again = spread(read.model_dump(mode="json"))
    assert not again.problems
    assert ProjectDocument.model_validate(again.data) == read


def test_editors_know_it_from_the_published_schema() -> None:
    good = plain_document(items=[email_item("e1"), cross_post()])
    jsonschema.validate(good, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain_document(items=[cross_post(channels=["fax"])]), json_schema())


def test_a_row_may_name_several_networks(tmp_path: Path) -> None:
    row = ["p1", "linkedin, Bluesky", "Post", "2026-03-04 07:30", "", "", "", "Bread!"]
    base = ProjectDocument.model_validate(plain_document())
    items = with_calendar(base, as_csv(tmp_path, [HEADING, row])).document.items
    assert [(each.id, each.channel.value, each.part_of) for each in items] == [
        ("p1-linkedin", "linkedin", "p1"),
        ("p1-bluesky", "bluesky", "p1"),
    ]
    assert all(isinstance(each.content, PostContent) for each in items)


def test_a_row_names_its_picture_beside_the_calendar(tmp_path: Path) -> None:
    headings = [*HEADING, "media_file", "alt_text"]
    row = ["p1", "linkedin, bluesky", "Post", "2026-03-04 07:30", "", "", "", "Bread!"]
    base = ProjectDocument.model_validate(plain_document())
    (tmp_path / "loaf.jpg").write_bytes(scene(1, 640, 480))
    read = with_calendar(base, as_csv(tmp_path, [headings, [*row, "loaf.jpg", "A loaf"]]))
    assert read.files == {"loaf.jpg": scene(1, 640, 480)}
    with pytest.raises(FixDocument) as refused:
        with_calendar(base, as_csv(tmp_path, [headings, [*row, "bun.jpg", "A bun"]]))
    (problem,) = refused.value.problems
    assert problem.place == "calendar.csv, row 2, column media_file"
    assert "bun.jpg, which isn't there" in problem.message


# In the ledger.


def networks(*names: str) -> ProjectDocument:
    plain = {
        "id": "launch",
        "title": "Launch",
        "send_at": NOW.isoformat(),
        "content": {"text": "We open on Monday."},
    }
    if len(names) == 1:
        return document({**plain, "channel": names[0]})
    data = document(post("other")).model_dump(mode="json")
    data["items"] = [{**plain, "channels": list(names)}]
    return ProjectDocument.model_validate(spread(data).data)


def rows(database: Database) -> set[tuple[str, str, bool]]:
    with database.read() as session:
        query = select(Item.key, Item.channel, Delivery.in_plan)
        return set(session.execute(query.join(Delivery, Delivery.item_id == Item.id)).tuples())


def bring(database: Database, found: ProjectDocument) -> None:
    import_document(database, found, source="test", actor="ann", secret_key=KEY)


def test_the_post_s_id_names_it_on_every_network(database: Database) -> None:
    bring(database, networks("linkedin", "bluesky"))
    given = approve(database, "studio", ["launch"], approved_by="Ann", now=NOW)
    assert {each.item for each in given} == {"launch-linkedin", "launch-bluesky"}
    (one,) = approve(database, "studio", ["launch-bluesky"], approved_by="Ann", now=NOW)
    assert (one.item, one.new) == ("launch-bluesky", False)


def test_a_long_id_may_change_its_network(database: Database) -> None:
    key = "launch-" + "x" * 57
    bring(database, document(post(key, "linkedin")))
    bring(database, document(post(key, "mastodon")))
    found = {(row[1], row[2]) for row in rows(database)}
    assert found == {("linkedin", False), ("mastodon", True)}


@pytest.mark.parametrize("names", [("linkedin",), ("linkedin", "bluesky")], ids=len)
def test_a_post_that_gains_or_loses_networks_is_never_a_second_one(
    names: tuple[str, ...], database: Database
) -> None:
    first, then = names, ("linkedin", "bluesky") if len(names) == 1 else ("linkedin",)
    bring(database, networks(*first))
    bring(database, networks(*then))
    on_linkedin = [row for row in rows(database) if row[1] == "linkedin"]
    wanted = "launch" if len(then) == 1 else "launch-linkedin"
    assert on_linkedin == [(wanted, "linkedin", True)]


def test_a_post_that_moves_from_network_to_network_is_one_post_on_each(database: Database) -> None:
    """What went out on one network neither counts for another one, nor goes out there once more."""
    bring(database, networks("twitter"))
    with database.write() as session:
        session.execute(update(Delivery).values(state="sent", provider_ref="1"))
    bring(database, networks("bluesky"))
    assert sent(database) == {
        ("launch-twitter", "twitter", "sent"),
        ("launch", "bluesky", "pending"),
    }
    bring(database, networks("twitter", "bluesky"))
    there = {("launch-twitter", "twitter", "sent"), ("launch-bluesky", "bluesky", "pending")}
    assert sent(database) == there
    bring(database, networks("twitter"))
    assert sent(database) == {
        ("launch", "twitter", "sent"),
        ("launch-bluesky", "bluesky", "pending"),
    }


def sent(database: Database) -> set[tuple[str, str, str]]:
    with database.read() as session:
        query = select(Item.key, Item.channel, Delivery.state)
        return set(session.execute(query.join(Delivery, Delivery.item_id == Item.id)).tuples())
