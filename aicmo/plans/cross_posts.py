"""A post for several networks, as a document writes it: it becomes one item for each network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from aicmo.channels import SOCIAL, parse_channel
from aicmo.plans.crm_logs import logs_of
from aicmo.plans.fields import Identifier, Line, Link, Part, Prose
from aicmo.plans.items import LinkCard, Media, PostContent, ThreadPart
from aicmo.plans.sending import LateRule
from aicmo.problems import Problem

Network = Literal["linkedin", "instagram", "twitter", "x", "bluesky", "mastodon"]
_OF_THE_ITEM = ("send_at", "send_until", "timezone", "late")
_ITEM = re.compile(r"items\[(\d+)\]((?:\.\w+|\[\d+\])*)")
_FIRST_FIELD = re.compile(r"\.content\.(\w+)|\.(\w+)")


class Variant(Part):
    """What is different on one network; the rest is as the post has it."""

    send_at: Line | None = None
    send_until: Line | None = None
    timezone: Line | None = None
    late: LateRule | None = None
    format: Literal["post", "reel", "story", "carousel", "article"] | None = None
    text: Prose | None = None
    link: Link | None = None
    card: LinkCard | None = None
    media: tuple[Media, ...] | None = None
    fit_media: bool | None = None
    mentions: dict[Line, Line] | None = None
    thread: tuple[ThreadPart, ...] | None = None
    visibility: Literal["public", "unlisted", "followers"] | None = None
    content_warning: Line | None = None
    same_text_again: bool | None = None


class CrossPost(Part):
    """A post for several networks. On each it is an item of its own, `<id>-<network>`."""

    id: Identifier
    channels: Annotated[tuple[Network, ...], Field(min_length=1)]
    variants: dict[Network, Variant] = Field(default_factory=dict[Network, Variant])
    title: Line
    send_at: Line
    send_until: Line | None = None
    timezone: Line | None = None
    late: LateRule | None = None
    pillar: Line | None = None
    theme: Line | None = None
    content: PostContent


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where in the document an item comes from.

    variant: the name of its network's variant as written. varied: the fields that it has anew.
    """

    at: int
    variant: str = ""
    varied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spread:
    """A document's data with an item for each network, and what is wrong with its cross-posts."""

    data: dict[str, Any]
    problems: tuple[Problem, ...]
    origins: tuple[_Origin, ...]

    def as_written(self, problem: Problem) -> Problem:
        """The problem with its places as the document has them."""
        place = _ITEM.sub(self._place, problem.place)
        return replace(problem, place=place, message=_ITEM.sub(self._place, problem.message))

    def _place(self, match: re.Match[str]) -> str:
        origin, inside = self.origins[int(match[1])], match[2]
        item = f"items[{origin.at}]"
        field = _FIRST_FIELD.match(inside)
        name = (field[1] or field[2]) if field else ""
        if name in origin.varied:
            return f"{item}.variants.{origin.variant}{inside.removeprefix('.content')}"
        return item + inside


def spread(data: dict[str, Any]) -> Spread:
    """An item for each network of every cross-post in `data`, and one for each that the CRM notes.

    Other items stay as they are.
    """
    items = data.get("items")
    if not isinstance(items, list):
        return Spread(data, (), ())
    spread_items: list[Any] = []
    origins: list[_Origin] = []
    problems: list[Problem] = []
    for at, item in enumerate(cast("list[Any]", items)):
        for one, origin in _per_network(at, item, problems):
            spread_items.append(one)
            origins.append(origin)
    for at, log in list(logs_of(data, spread_items)):
        spread_items.append(log)
        origins.append(origins[at])
    return Spread({**data, "items": spread_items}, tuple(problems), tuple(origins))


def as_written(data: dict[str, Any], problems: Iterable[Problem]) -> list[Problem]:
    """Problems of a document's items, with their places as `data` has them."""
    found = spread(data)
    return [found.as_written(problem) if found.origins else problem for problem in problems]


def item_id(post_id: str, network: str) -> str:
    """The id of a post's item on one network."""
    return f"{post_id}-{network}"


def _per_network(at: int, item: Any, problems: list[Problem]) -> Iterator[tuple[Any, _Origin]]:
    if not isinstance(item, dict) or "channels" not in item:
        yield item, _Origin(at)
        return
    post = cast("dict[str, Any]", item)
    networks = list(_networks(f"items[{at}]", post, problems))
    variants = _variants(f"items[{at}]", post.get("variants", {}), networks, problems)
    for network in networks:
        name, variant = variants.get(network, ("", {}))
        yield _item(post, network, variant), _Origin(at, name, frozenset(variant))


def _networks(place: str, post: dict[str, Any], problems: list[Problem]) -> Iterator[str]:
    given = post["channels"]
    if "channel" in post:
        problems.append(Problem(f"{place}.channel", "stands beside channels; keep one of them"))
    if not isinstance(given, list) or not given:
        problems.append(Problem(f"{place}.channels", "is not a list of networks"))
        return
    seen: set[str] = set()
    for number, name in enumerate(cast("list[Any]", given)):
        network = parse_channel(name) if isinstance(name, str) else None
        if network is None or network not in SOCIAL:
            message = f"is not one of {', '.join(each.value for each in SOCIAL)}"
            problems.append(Problem(f"{place}.channels[{number}]", message))
        elif network.value in seen:
            problems.append(Problem(f"{place}.channels[{number}]", f"names {network} again"))
        else:
            seen.add(network.value)
            yield network.value


def _variants(
    place: str, given: Any, networks: list[str], problems: list[Problem]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """By network, the name that its variant is written under, and its fields."""
    if not isinstance(given, dict):
        problems.append(Problem(f"{place}.variants", "is not an object with a field per network"))
        return {}
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, variant in cast("dict[str, Any]", given).items():
        network, where = parse_channel(name), f"{place}.variants.{name}"
        if network is None or network.value not in networks:
            problems.append(Problem(where, "is not one of the post's channels"))
        elif not isinstance(variant, dict):
            problems.append(Problem(where, "is not an object with fields"))
        else:
            fields = cast("dict[str, Any]", variant)
            unknown = fields.keys() - Variant.model_fields.keys()
            problems += [Problem(f"{where}.{field}", "is not a field") for field in sorted(unknown)]
            known = {field: value for field, value in fields.items() if field not in unknown}
            found[network.value] = (name, known)
    return found


def _item(post: dict[str, Any], network: str, variant: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in variant.items() if name in _OF_THE_ITEM}
    said = {name: value for name, value in variant.items() if name not in _OF_THE_ITEM}
    shared = {name: value for name, value in post.items() if name not in ("channels", "variants")}
    content: Any = post.get("content")
    if isinstance(content, dict):
        content = {**cast("dict[str, Any]", content), **said}
    whole = {**shared, **own, "channel": network, "content": content, "part_of": post.get("id")}
    return {**whole, "id": item_id(str(post.get("id", "")), network)}
