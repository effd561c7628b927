"""The pictures and films of posts: fitted to each network at import, and judged when a post is composed.

What can't be made to fit is kept all the same, so that previews can show it; its problem keeps the
post from being approved and composed. What is still to be made has no row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.models import Account, Asset, PostMedia
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item, PostContent
from aicmo.posts import media
from aicmo.posts.draft import PostProblem
from aicmo.posts.media import Medium
from aicmo.posts.parts import part_of
from aicmo.posts.rules import MediaRules, Rules, kind_of, rules_of

Role = Literal["media", "card"]


@dataclass(frozen=True, slots=True)
class FittedMedium:
    """A medium of a post as it goes out; part, role and place are those of `PostMedia`."""

    part: int
    role: Role
    place: int
    alt_text: str
    sha256: str
    medium: Medium

    @property
    def fingerprint(self) -> tuple[int, str, int, str, str]:
        """What an approval is bound to."""
        return self.part, self.role, self.place, self.alt_text, self.sha256


@dataclass(frozen=True, slots=True)
class _Named:
    """A medium as an item names it, and what its network takes there."""

    part: int
    role: Role
    place: int
    alt_text: str
    source: str
    rules: MediaRules


def fit_media(
    database: Database, document: ProjectDocument, files: Mapping[str, bytes]
) -> dict[str, tuple[FittedMedium, ...]]:
    """The media of each post, by the item's id: made before an import holds the database.

    Raises:
        FixInput: a file can't be read.
    """
    with database.read() as session:
        facts = _facts(session, document.id)
    cleaned: dict[str, Medium] = {}
    found: dict[str, tuple[FittedMedium, ...]] = {}
    for item in document.items:
        if isinstance(item.content, PostContent):
            named = list(_named(item, item.content, facts.get(item.channel.value, {})))
            for each in named:
                if each.source not in cleaned:
                    cleaned[each.source] = media.clean(files[each.source])
            change = item.content.fit_media
            found[item.id] = tuple(
                _fitted(each, cleaned[each.source], may_change=change) for each in named
            )
    return found


def write(session: Session, item_id: int, fitted: Sequence[FittedMedium]) -> None:
    """Puts these in place of what the item had; the files of earlier imports stay."""
    session.execute(delete(PostMedia).where(PostMedia.item_id == item_id))
    for each in fitted:
        if session.get(Asset, each.sha256) is None:
            content = each.medium.content
            session.add(Asset(sha256=each.sha256, size=len(content), content=content))
            session.flush()
        session.add(
            PostMedia(
                item_id=item_id,
                part=each.part,
                role=each.role,
                place=each.place,
                sha256=each.sha256,
                media_type=each.medium.media_type,
                width=each.medium.width,
                height=each.medium.height,
                alt_text=each.alt_text,
            )
        )
    session.flush()


def problems(
    item: Item, part: int, kept: Sequence[tuple[PostMedia, bytes]], facts: Mapping[str, Any]
) -> Iterator[PostProblem]:
    """What the network objects to in the media of one part, each with what puts it right.

    Args:
        item: a post.
        part: of its thread, from 1.
        kept: that part's rows, with their bytes.
        facts: what the account's server says of its limits now.
    """
    if isinstance(item.content, PostContent):
        yield from _not_kept(item, item.content, part, {(row.role, row.place) for row, _ in kept})
        for row, content in kept:
            yield from _objections(item.content, row, content, rules_of(item.channel, facts))


def _not_kept(
    item: Item, content: PostContent, part: int, kept: Collection[tuple[str, int]]
) -> Iterator[PostProblem]:
    """What is named without a row: a plan of a version that read no media has none."""
    for named in _named(item, content, {}):
        if named.part == part and (named.role, named.place) not in kept:
            yield PostProblem(
                "error", _where(content, part, named.role, named.place),
                f"{named.source} was not kept with the plan", "Import the plan again",
            )  # fmt: skip


def _objections(
    content: PostContent, row: PostMedia, kept: bytes, rules: Rules
) -> Iterator[PostProblem]:
    is_card = row.role == "card"
    takes = _card_rules(rules) if is_card else rules.media_of(content.format)
    medium = media.look(kept)
    objections = list(media.measure(medium, takes))
    if is_card and medium.media_type not in takes.media_types:
        objections.append(f"{medium.media_type} is no picture of a card")
    where = _where(content, row.part, row.role, row.place)
    fix = media.remedy(medium, takes, may_change=content.fit_media)
    for objection in objections:
        yield PostProblem("error", where, f"{rules.name} objects: {objection}", fix)


def _where(content: PostContent, part: int, role: str, number: int) -> str:
    place = part_of(content, part).place
    return f"{place}.card.picture" if role == "card" else f"{place}.media[{number - 1}]"


def _facts(session: Session, project_id: str) -> dict[str, dict[str, Any]]:
    query = select(Account.channel, Account.profile).where(Account.project_id == project_id)
    return {channel: profile for channel, profile in session.execute(query).tuples() if profile}


def _named(item: Item, content: PostContent, facts: Mapping[str, Any]) -> Iterator[_Named]:
    rules = rules_of(item.channel, facts)
    takes = rules.media_of(content.format)
    for part in range(1, len(content.thread) + 2):
        for place, each in enumerate(part_of(content, part).media, start=1):
            if each.source:
                alt_text = each.alt_text or ""
                yield _Named(part, "media", place, alt_text, each.source, takes)
    if content.card and content.card.picture and rules.card == "ours":
        yield _Named(1, "card", 1, "", content.card.picture, _card_rules(rules))


def _card_rules(rules: Rules) -> MediaRules:
    """A card's picture is a still one, of any shape."""
    takes = rules.media_of("post")
    stills = tuple(each for each in takes.media_types if kind_of(each) == "picture")
    most = {"picture": rules.card_bytes} if rules.card_bytes else {}
    return replace(takes, media_types=stills, max_bytes=most, ratio=None, min_side=None)


def _fitted(named: _Named, cleaned: Medium, *, may_change: bool) -> FittedMedium:
    medium = media.fit(cleaned, named.rules, may_change=may_change)
    sha256 = hashlib.sha256(medium.content).hexdigest()
    return FittedMedium(named.part, named.role, named.place, named.alt_text, sha256, medium)
