"""What the documents say that a network takes is what posts are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from aicmo.channels import Channel
from aicmo.posts.rules import Kind, MediaRules, Rules, rules_of
from tests.unit.post_samples import NETWORKS

PAGE = Path(__file__).parents[2] / "docs/social.md"
CARDS = {"ours": "from `content.card`", "theirs": "made from the page", "none": "none"}


def test_the_table_of_networks_is_what_the_rules_say() -> None:
    section = PAGE.read_text("utf-8").partition("## What each network takes\n\n")[2]
    written = section.partition("\n\n")[0].splitlines()
    assert written == list(table())


def test_limits_hang_together() -> None:
    for network in NETWORKS:
        rules = rules_of(network)
        for media in rules.formats.values():
            kinds = {_kind(each) for each in media.media_types}
            assert kinds == set(media.max_bytes) & kinds
            assert media.min_pictures <= media.max_pictures
        assert {"post"} <= set(rules.formats)
        assert "public" in rules.visible


def test_a_server_s_own_limits_replace_the_usual_ones() -> None:
    facts = {
        "max_characters": 5_000, "characters_reserved_per_url": 30, "max_media_attachments": 6,
        "supported_mime_types": ["image/jpeg", "video/mp4", "audio/ogg"], "image_size_limit": 1_000,
        "image_matrix_limit": 2_000, "video_size_limit": 3_000, "description_limit": 4_000,
    }  # fmt: skip
    rules = rules_of(Channel.MASTODON, facts)
    media = rules.media_of("post")
    assert (rules.limit, rules.url_length) == (5_000, 30)
    assert media.media_types == ("image/jpeg", "video/mp4")
    assert media.max_bytes == {"picture": 1_000, "gif": 1_000, "film": 3_000}
    assert (media.max_pictures, media.max_pixels, media.alt_limit) == (6, 2_000, 4_000)
    assert rules_of(Channel.MASTODON, {}) == rules_of(Channel.MASTODON)
    assert rules_of(Channel.BLUESKY, facts) == rules_of(Channel.BLUESKY)


def table() -> Iterator[str]:
    """The table as Markdown, a column for each network."""
    every = [rules_of(network) for network in NETWORKS]
    yield _line("", [rules.name for rules in every])
    yield _line("---", ["---"] * len(every))
    for name, cell in ROWS.items():
        yield _line(name, [cell(rules) or "–" for rules in every])


def _line(name: str, cells: list[str]) -> str:
    return f"| {' | '.join([name, *cells])} |".replace("|  |", "| |")


def _usual(cell: Callable[[MediaRules], str]) -> Callable[[Rules], str]:
    return lambda rules: cell(rules.media_of("post"))


def _size(kind: Kind) -> Callable[[Rules], str]:
    def cell(rules: Rules) -> str:
        sizes = {name: media.max_bytes.get(kind) for name, media in rules.formats.items()}
        taken = {
            name: size
            for name, size in sizes.items()
            if size and any(_kind(each) == kind for each in rules.formats[name].media_types)
        }
        usual = taken.get("post")
        others = [f"{name} {_bytes(size)}" for name, size in taken.items() if size != usual]
        return ", ".join([*([_bytes(usual)] if usual else []), *others])

    return cell


def _bytes(size: int) -> str:
    return f"{size / 1_048_576:g} MiB" if size % 1_048_576 == 0 else f"{size / 1_000_000:g} MB"


def _kind(media_type: str) -> Kind:
    return "film" if media_type.startswith("video/") else "gif" if media_type.endswith("gif") else "picture"  # fmt: skip


def _numbers(rules: Rules) -> str:
    found = {
        name: f"{media.min_pictures}–{media.max_pictures}" if media.min_pictures < media.max_pictures else str(media.max_pictures)
        for name, media in rules.formats.items()
    }  # fmt: skip
    return ", ".join(
        number if name == "post" else f"{name} {number}" for name, number in found.items()
    )


def _ratio(media: MediaRules) -> str:
    return f"{media.ratio[0]:g}–{media.ratio[1]:g}" if media.ratio else ""


def _seconds(rules: Rules) -> str:
    found = {
        name: media.film_seconds for name, media in rules.formats.items() if media.film_seconds
    }
    usual = found.get("post")
    others = {name: each for name, each in found.items() if each != usual}
    texts = [f"{each[0]:g}–{each[1]:g} s" for each in [usual] if each]
    return ", ".join(
        [*texts, *(f"{name} {each[0]:g}–{each[1]:g} s" for name, each in others.items())]
    )


def _counts(rules: Rules) -> str:
    limits = (
        ("hashtags", rules.max_tags),
        ("mentions", rules.max_mentions),
        ("cashtag", rules.max_cashtags),
    )
    return ", ".join(f"{limit} {name}" for name, limit in limits if limit)


def _animation(media: MediaRules) -> str:
    pixels = f"{media.gif_pixels:,} pixels" if media.gif_pixels else ""
    return ", ".join(
        filter(None, [pixels, f"{media.gif_frames} frames" if media.gif_frames else ""])
    )


ROWS: dict[str, Callable[[Rules], str]] = {
    "text": lambda rules: f"{rules.limit:,} {rules.unit}" + (f", {rules.max_bytes:,} bytes" if rules.max_bytes else ""),
    "a link counts": lambda rules: str(rules.url_length or "its length"),
    "at most": _counts,
    "`format`": lambda rules: ", ".join(rules.formats),
    "link card": lambda rules: CARDS[rules.card] + (f", picture ≤ {_bytes(rules.card_bytes)}" if rules.card_bytes else ""),
    "thread": lambda rules: "yes" if rules.has_threads else "",
    "`visibility`": lambda rules: ", ".join(rules.visible),
    "content warning": lambda rules: "yes" if rules.has_warning else "",
    "media in one post": _numbers,
    "alone in a post": _usual(lambda media: ", ".join({"gif": "animation", "film": "film"}.get(each, each) for each in media.alone)),
    "types": _usual(lambda media: ", ".join(each.partition("/")[2].upper() for each in media.media_types)),
    "picture": _size("picture"),
    "width : height": _usual(_ratio),
    "pixels": _usual(lambda media: f"{media.max_pixels:,}" if media.max_pixels else ""),
    "sides in pixels": _usual(lambda media: f"{media.min_side:,}–{media.max_side:,}" if media.max_side else ""),
    "animation": lambda rules: ", ".join(filter(None, [_size("gif")(rules), _animation(rules.media_of("post"))])),
    "film": lambda rules: ", ".join(filter(None, [_size("film")(rules), _seconds(rules)])),
    "alternative text": _usual(lambda media: f"{media.alt_limit:,} characters"),
    "can be deleted": lambda rules: "yes" if rules.can_recall else "",
    "price of a post": lambda rules: f"{rules.price_usd:.3f} USD, with a link {rules.price_with_link_usd:.2f}" if rules.price_usd else "",
}  # fmt: skip
"""What a row says of each network; an empty cell is a dash."""
