"""From the file beside the document to the bytes that go out: read once, fitted, approved as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from aicmo.database import Database
from aicmo.errors import FixDocument, FixInput
from aicmo.execution import approvals
from aicmo.execution.composing_posts import PostComposers, PostDraft
from aicmo.execution.importing import Imported, import_document
from aicmo.execution.project import load_files, load_paths, load_plan
from aicmo.models import Approval, Asset, Delivery, Item, PostMedia
from aicmo.plans import assets
from aicmo.plans.reading import ReadDocument, read_document
from aicmo.public_hosts import PublicHosts
from tests.conftest import KEY
from tests.projects import NOW, brand, document
from tests.unit import test_public_hosts as public
from tests.unit.media_files import drawn, film, gif, jpeg, png

MEDIUM = {"file": "team.jpg", "alt_text": "The team at the door"}


def social(key: str = "p1", channel: str = "bluesky", **content: Any) -> dict[str, Any]:
    text = {"text": f"We open on Monday, {key}."}
    return {
        "id": key, "channel": channel, "title": key, "send_at": "2026-03-16T07:30",
        "content": text | content,
    }  # fmt: skip


def read(
    folder: Path, *items: dict[str, Any], hosts: PublicHosts | None = None, **changes: Any
) -> ReadDocument:
    plan = document(**changes).model_dump(mode="json", exclude_none=True)
    path = folder / "studio.json"
    path.write_text(json.dumps(plan | {"items": list(items)}), encoding="utf-8")
    return read_document(path, hosts)


def written(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def imported(database: Database, found: ReadDocument) -> Imported:
    return import_document(
        database, found.document, source="test", actor="Ann", secret_key=KEY, files=found.files
    )


def refused(folder: Path, *items: dict[str, Any], **changes: Any) -> dict[str, str]:
    with pytest.raises(FixDocument) as raised:
        read(folder, *items, **changes)
    return {problem.place: problem.message for problem in raised.value.problems}


def drafts(database: Database, key: str = "p1") -> list[PostDraft]:
    with database.read() as session:
        ids = session.scalars(
            select(Delivery.id).join(Item, Item.id == Delivery.item_id).where(Item.key == key)
        ).all()
        composers = PostComposers(load_plan(session, "studio").document)
        return composers.drafts(session, key, ids)


def fingerprints(database: Database) -> dict[str, str]:
    with database.read() as session:
        return dict(session.execute(select(Item.key, Item.fingerprint)).tuples().all())


def media_rows(database: Database) -> list[tuple[int, str, int, str]]:
    with database.read() as session:
        rows = session.scalars(select(PostMedia).order_by(PostMedia.item_id, PostMedia.part))
        return [(row.part, row.role, row.place, row.sha256) for row in rows]


def is_approved(database: Database, key: str = "p1") -> bool:
    with database.read() as session:
        query = select(Approval.id).join(Item, Item.id == Approval.item_id).where(
            Item.key == key, Approval.fingerprint == Item.fingerprint
        )  # fmt: skip
        return session.scalars(query).first() is not None


def test_the_approved_bytes_are_the_bytes_that_go_out(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": jpeg(drawn(3000, 500)), "card.png": png()})
    item = social(
        link="https://northside.example.com/", card={"title": "Come", "picture": "card.png"},
        thread=[{"text": "And on Tuesday.", "media": [MEDIUM]}],
    )  # fmt: skip
    imported(database, read(tmp_path, item))
    first, second = drafts(database)
    for found in (first, second):
        found.draft.require_sound()
        (attachment,) = found.attachments
        assert hashlib.sha256(attachment.content).hexdigest() == attachment.sha256
        assert b"Ann" not in attachment.content
    assert first.draft.post.card is not None
    assert first.draft.post.card.picture is not None
    assert first.draft.post.card.picture.sha256 == first.attachments[0].sha256
    (picture,) = second.draft.post.pictures
    assert (picture.sha256, picture.alt_text) == (
        second.attachments[0].sha256, "The team at the door",
    )  # fmt: skip
    assert [(row[0], row[1]) for row in media_rows(database)] == [(1, "card"), (2, "media")]


def test_one_other_pixel_voids_the_approval(database: Database, tmp_path: Path) -> None:
    picture = drawn()
    written(tmp_path, {"team.jpg": png(picture)})
    items = social(media=[MEDIUM]), social("p2")
    imported(database, read(tmp_path, *items))
    approvals.approve(database, "studio", None, approved_by="Ann", now=NOW)
    assert is_approved(database)
    picture.putpixel((200, 150), (1, 2, 3))
    written(tmp_path, {"team.jpg": png(picture)})
    imported(database, read(tmp_path, *items))
    assert not is_approved(database)
    assert is_approved(database, "p2")


def test_what_is_imported_again_is_the_same(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": jpeg(drawn(3000, 400))})
    item = social(channel="instagram", media=[MEDIUM], fit_media=True)
    imported(database, read(tmp_path, item))
    before = fingerprints(database), media_rows(database)
    again = imported(database, read(tmp_path, item, name="Another name"))
    assert not again.unchanged
    assert (fingerprints(database), media_rows(database)) == before


def test_earlier_files_stay(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": png()})
    imported(database, read(tmp_path, social(media=[MEDIUM])))
    ((_, _, _, former),) = media_rows(database)
    imported(database, read(tmp_path, social()))
    assert media_rows(database) == []
    with database.read() as session:
        assert session.get(Asset, former) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"items": [social(media=[MEDIUM | {"alt_text": "The door"}])]},
        {"sending": {"utm": {}}},
        {"items": [social(media=[MEDIUM], fit_media=True, thread=[{"text": "More."}])]},
    ],
    ids=["alternative text", "link tags", "thread"],
)
def test_what_changes_a_post_voids_its_approval(
    database: Database, tmp_path: Path, changes: dict[str, Any]
) -> None:
    written(tmp_path, {"team.jpg": png()})
    imported(database, read(tmp_path, social(media=[MEDIUM])))
    before = fingerprints(database)
    items = changes.get("items", [social(media=[MEDIUM])])
    others = {name: value for name, value in changes.items() if name != "items"}
    imported(database, read(tmp_path, *items, **others))
    assert fingerprints(database) != before


def test_each_network_gets_what_it_takes(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": jpeg(drawn(1000, 2000))})
    post = social("launch", media=[MEDIUM], fit_media=True)
    del post["channel"]
    imported(database, read(tmp_path, post | {"channels": ["instagram", "bluesky"]}))
    (instagram,), (bluesky,) = (
        drafts(database, "launch-instagram"),
        drafts(database, "launch-bluesky"),
    )
    assert (instagram.attachments[0].height, bluesky.attachments[0].height) == (1250, 2000)
    assert not instagram.draft.problems


def test_what_does_not_fit_is_shown_and_never_composed(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": jpeg(drawn(1000, 2000))})
    imported(database, read(tmp_path, social(channel="instagram", media=[MEDIUM])))
    (found,) = drafts(database)
    assert len(found.attachments) == 1
    (problem,) = found.draft.problems
    assert (problem.place, problem.message, problem.fix) == (
        "content.media[0]",
        "Instagram objects: 1000 × 2000 is 0.50 wide to 1 high, of 0.80 to 1.91",
        "Set fit_media: true, or crop it to 1000 × 1250",
    )
    with pytest.raises(FixInput, match="Instagram objects"):
        found.draft.require_sound()


def test_a_picture_still_to_be_made_keeps_the_post_back(database: Database, tmp_path: Path) -> None:
    medium = {"brief": "The team at the door", "alt_text": "The team"}
    imported(database, read(tmp_path, social(media=[medium])))
    (found,) = drafts(database)
    assert [problem.message for problem in found.draft.problems] == [
        "The picture is still to be made"
    ]


def test_a_post_never_goes_out_without_its_picture(database: Database, tmp_path: Path) -> None:
    """A plan that was imported by a version that didn't read media has no row for them."""
    written(tmp_path, {"team.jpg": png()})
    imported(database, read(tmp_path, social(media=[MEDIUM])))
    with database.write() as session:
        session.execute(delete(PostMedia))
    (found,) = drafts(database)
    assert [(each.place, each.message) for each in found.draft.problems] == [
        ("content.media[0]", "team.jpg was not kept with the plan")
    ]


def test_an_animation_is_refused_where_none_is_shown(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"team.jpg": gif(frames=3)})
    items = (
        social(media=[MEDIUM], fit_media=True), social("p2", "twitter", media=[MEDIUM]),
    )  # fmt: skip
    imported(database, read(tmp_path, *items))
    assert [problem.severity for problem in drafts(database)[0].draft.problems] == ["error"]
    (on_x,) = drafts(database, "p2")
    on_x.draft.require_sound()
    assert on_x.attachments[0].media_type == "image/gif"


def test_a_film_goes_out_whole(database: Database, tmp_path: Path) -> None:
    written(tmp_path, {"tour.mp4": film(12)})
    medium = {"file": "tour.mp4", "alt_text": "A walk through the hall"}
    imported(database, read(tmp_path, social(channel="instagram", media=[medium])))
    (found,) = drafts(database)
    found.draft.require_sound()
    assert (found.attachments[0].media_type, found.attachments[0].width) == ("video/mp4", 1280)


def test_media_are_no_files_of_the_brand(database: Database, tmp_path: Path) -> None:
    """A package reads the brand's files into memory; films stay where they are."""
    written(tmp_path, {"logo.png": png(), "tour.mp4": film()})
    item = social(media=[{"file": "tour.mp4"}])
    imported(database, read(tmp_path, item, brand=brand(logo="logo.png")))
    with database.read() as session:
        assert load_files(session, "studio") == {"logo.png": png()}
        assert load_paths(session, "studio") == {"logo.png", "tour.mp4"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "names team.jpg, which isn't there"),
        (b"<svg/>", "is not a PNG, JPEG, WebP or GIF picture or MP4 film"),
        (film()[:300], "which is not a whole MP4 film"),
        (film().replace(b"isom", b"qt  ", 1), "which is not an MP4 film"),
        (png() + bytes(20 * 1024**2), "is larger than 20 MB"),
    ],
    ids=["missing", "svg", "cut film", "quicktime", "large"],
)
def test_a_file_that_can_not_be_used_is_told_with_its_place(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        written(tmp_path, {"team.jpg": content})
    problems = refused(tmp_path, social("p0"), social(thread=[{"text": "x", "media": [MEDIUM]}]))
    assert list(problems) == ["items[1].content.thread[0].media[0].file"]
    assert said in problems["items[1].content.thread[0].media[0].file"]


def test_a_film_of_more_than_200_mb_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "team.jpg").open("wb") as file:
        file.truncate(assets.MAX_FILM_BYTES + 1)
    (message,) = refused(tmp_path, social(media=[MEDIUM])).values()
    assert "is larger than 200 MB" in message


def test_a_missing_file_of_several_networks_is_told_once_where_it_is_written(
    tmp_path: Path,
) -> None:
    post = social("launch", media=[MEDIUM])
    del post["channel"]
    variant = {"x": {"media": [{"file": "other.jpg"}]}}
    post |= {"channels": ["bluesky", "x", "mastodon"], "variants": variant}
    assert list(refused(tmp_path, social("p0"), post)) == [
        "items[1].content.media[0].file", "items[1].variants.x.media[0].file",
    ]  # fmt: skip


def test_a_file_and_an_address_are_one_too_many(tmp_path: Path) -> None:
    both = MEDIUM | {"url": "https://pictures.example.com/team.jpg"}
    (message,) = refused(tmp_path, social(media=[both])).values()
    assert "has a file and a url; keep one of them" in message


@pytest.mark.parametrize("url", ["http://pictures.example.com/a", "mailto:ann@example.com"])
def test_media_come_by_https_alone(tmp_path: Path, url: str) -> None:
    assert list(refused(tmp_path, social(media=[{"url": url}]))) == [
        "items[0].content.media[0].url"
    ]


def test_a_medium_by_address_is_fetched_once_and_kept(database: Database, tmp_path: Path) -> None:
    with public.peer(tmp_path, public.answered(png())) as open_peer:
        url = f"https://{public.HOST}:{open_peer.port}/team.png"
        media = [{"url": url, "alt_text": "The team"}]
        hosts = public.hosts(tmp_path)
        found = read(
            tmp_path, social(media=media), social("p2", "mastodon", media=media), hosts=hosts
        )
        assert open_peer.connections == 1
    assert found.files == {url: png()}
    imported(database, found)
    (composed,) = drafts(database)
    composed.draft.require_sound()
    with database.read() as session:
        assert load_paths(session, "studio") == {url}


def test_an_inner_address_is_told_at_its_place(tmp_path: Path) -> None:
    inner = PublicHosts(resolve=lambda _host, _port: ["169.254.169.254"])
    item = social(media=[{"url": "https://metadata.example.com/token"}])
    problems = refused(tmp_path, item, hosts=inner)
    assert problems == {
        "items[0].content.media[0].url": "names an address that can't be used: "
        "metadata.example.com is 169.254.169.254, which is no address of the public internet"
    }
