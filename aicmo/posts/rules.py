"""What each network takes: text, media, links, visibility; every number with its source.

Sources: [X] docs.x.com, API v2, read 2026-08-22. [LI] Microsoft Learn, Posts and Images API, version
202609. [IG] developers.facebook.com, Instagram content publishing, Graph v26.0. [BS] lexicons of
bluesky-social/atproto, 2026-08-20, and its app's constants. [MA] docs.joinmastodon.org, 2026-07-02,
and Mastodon's `MediaAttachment` and `Attachmentable`, 4.4. [field]: in no document of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from aicmo.channels import Channel

Kind = Literal["picture", "gif", "film"]
Visibility = Literal["public", "unlisted", "followers"]

_STILLS = ("image/jpeg", "image/png", "image/webp")
_GIF, _FILM = "image/gif", "video/mp4"
_MB, _MIB = 1_000_000, 1_048_576


def kind_of(media_type: str) -> Kind:
    """Which limits hold for it."""
    if media_type.startswith("video/"):
        return "film"
    return "gif" if media_type == _GIF else "picture"


@dataclass(frozen=True, slots=True)
class MediaRules:
    """What a network takes of pictures and films.

    media_types: of all kinds; another type is encoded anew or refused.
    min_pictures, max_pictures: how many in one post, films included.
    alone: kinds that go with nothing else in one post.
    max_bytes: by kind. alt_limit: in characters.
    ratio, film_ratio: least and greatest width / height; None: any.
    max_pixels: width x height of a picture; gif_pixels: of an animation.
    max_side, min_side: in pixels; a smaller picture is blurred or refused.
    gif_frames: of an animation. film_seconds: shortest and longest.
    """

    media_types: tuple[str, ...]
    max_pictures: int
    max_bytes: Mapping[Kind, int]
    alt_limit: int
    min_pictures: int = 0
    alone: tuple[Kind, ...] = ()
    ratio: tuple[float, float] | None = None
    film_ratio: tuple[float, float] | None = None
    max_pixels: int | None = None
    gif_pixels: int | None = None
    gif_frames: int | None = None
    max_side: int | None = None
    min_side: int | None = None
    film_seconds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a network takes.

    name: as readers know it.
    limit, unit: of the text, in the network's own counting (`aicmo.posts.counting`).
    max_bytes: of the text in UTF-8, where that is limited, too.
    url_length: what each link counts; 0: as long as it is.
    formats: what `format` may be, each with its media.
    max_tags, max_mentions, max_cashtags: in one text.
    card: who makes a link's card: `ours`, from what we send; `theirs`, from the page; `none`.
    card_bytes: of a card's picture.
    has_warning: takes a content warning.
    visible: to whom a post can be shown. can_recall: published posts can be deleted.
    price_usd, price_with_link_usd: of one post.
    """

    network: Channel
    name: str
    limit: int
    unit: str
    formats: Mapping[str, MediaRules]
    card: Literal["ours", "theirs", "none"]
    visible: tuple[Visibility, ...] = ("public",)
    max_bytes: int | None = None
    url_length: int = 0
    max_tags: int | None = None
    max_mentions: int | None = None
    max_cashtags: int | None = None
    card_bytes: int | None = None
    has_threads: bool = False
    has_warning: bool = False
    can_recall: bool = True
    price_usd: float = 0.0
    price_with_link_usd: float = 0.0

    def media_of(self, post_format: str) -> MediaRules:
        """For a format that the network doesn't offer, those of an ordinary post."""
        return self.formats.get(post_format, self.formats["post"])


_X = Rules(
    network=Channel.TWITTER,
    name="X",
    limit=280,  # weighted, [X] counting characters
    unit="weighted characters",
    url_length=23,  # [X] counting characters
    max_cashtags=1,  # [X] changelog, 2026-04
    formats={
        "post": MediaRules(
            media_types=(*_STILLS, _GIF, _FILM),
            max_pictures=4,
            alone=("gif", "film"),
            max_bytes={"picture": 5 * _MB, "gif": 15 * _MB, "film": 512 * _MB},
            alt_limit=1_000,  # [X] media metadata
            gif_pixels=1280 * 1080,
            gif_frames=350,
            max_side=8_192,  # [field]
            min_side=4,  # [field]
            film_seconds=(0.5, 140),  # [X] media; by a newer page, many accounts may more
            film_ratio=(1 / 3, 3),
        )
    },
    card="theirs",
    has_threads=True,
    price_usd=0.015,  # [X] pricing, since 2026-04-20
    price_with_link_usd=0.20,
)

_LINKEDIN_MEDIA = MediaRules(
    media_types=("image/jpeg", "image/png", _GIF),
    max_pictures=20,  # [LI] multiImage: 2-20
    max_bytes={"picture": 10 * _MB, "gif": 10 * _MB},  # [field]
    alt_limit=4_085,  # "less than 4,086", [LI]
    max_pixels=36_152_319,  # "less than 36,152,320", [LI] Images API
    gif_frames=250,
)
_LINKEDIN = Rules(
    network=Channel.LINKEDIN,
    name="LinkedIn",
    limit=3_000,  # [field] FIELD_LENGTH_TOO_LONG beyond; UTF-16 to be safe
    unit="UTF-16 units",
    formats={"post": _LINKEDIN_MEDIA, "article": replace(_LINKEDIN_MEDIA, max_pictures=0)},
    card="ours",  # [LI]: the API doesn't look at the page
    card_bytes=10 * _MB,
    visible=("public", "followers"),
)

_INSTAGRAM_PICTURES = MediaRules(
    media_types=("image/jpeg", _FILM),
    min_pictures=1,
    max_pictures=1,
    max_bytes={"picture": 8 * _MIB, "film": 300 * _MB},
    alt_limit=1_000,
    ratio=(4 / 5, 1.91),
    max_side=8_192,  # [field]; wider than 1,440 is scaled down there
    min_side=320,
    film_seconds=(3, 900),
    film_ratio=(0.01, 10),
)
_INSTAGRAM = Rules(
    network=Channel.INSTAGRAM,
    name="Instagram",
    limit=2_200,  # [IG] caption
    unit="characters",
    max_tags=30,
    max_mentions=20,
    formats={
        "post": replace(_INSTAGRAM_PICTURES, max_pictures=10),
        "carousel": replace(_INSTAGRAM_PICTURES, min_pictures=2, max_pictures=10),
        "reel": replace(_INSTAGRAM_PICTURES, media_types=(_FILM,)),
        "story": replace(
            _INSTAGRAM_PICTURES,
            max_bytes={"picture": 8 * _MIB, "film": 100 * _MB},
            ratio=None,  # 9:16 fills the screen, others get bars
            film_seconds=(3, 60),
        ),
    },
    card="none",
    can_recall=False,
)

_BLUESKY = Rules(
    network=Channel.BLUESKY,
    name="Bluesky",
    limit=300,  # graphemes, [BS] app.bsky.feed.post
    unit="characters",
    max_bytes=3_000,
    formats={
        "post": MediaRules(
            media_types=_STILLS,
            max_pictures=4,  # [BS] app.bsky.embed.images
            max_bytes={"picture": 2_000_000},
            alt_limit=2_000,  # the app's own; the lexicon has none
        )
    },
    card="ours",
    card_bytes=1_000_000,  # [BS] app.bsky.embed.external
    has_threads=True,
)

_MASTODON_MEDIA = MediaRules(
    media_types=(*_STILLS, _GIF, _FILM),
    max_pictures=4,
    alone=("film",),
    max_bytes={"picture": 16 * _MIB, "gif": 16 * _MIB, "film": 99 * _MIB},
    alt_limit=1_500,
    max_pixels=33_177_600,
    gif_pixels=921_600,
)
_MASTODON = Rules(
    network=Channel.MASTODON,
    name="Mastodon",
    limit=500,
    unit="characters",
    url_length=23,
    formats={"post": _MASTODON_MEDIA},
    card="theirs",
    visible=("public", "unlisted", "followers"),
    has_threads=True,
    has_warning=True,
)

_RULES = {each.network: each for each in (_X, _LINKEDIN, _INSTAGRAM, _BLUESKY, _MASTODON)}


def rules_of(network: Channel, facts: Mapping[str, Any] | None = None) -> Rules:
    """What a social network takes.

    Args:
        network: one of the social ones.
        facts: of a Mastodon account's server, by the names of its `/api/v2/instance`
            (`max_characters`, `characters_reserved_per_url`, `max_media_attachments`,
            `supported_mime_types`, `image_size_limit`, `image_matrix_limit`, `video_size_limit`,
            `description_limit`); what isn't told is as Mastodon itself has it.
    """
    if network is Channel.MASTODON and facts:
        return _with_facts(_MASTODON, facts)
    return _RULES[network]


def _with_facts(rules: Rules, facts: Mapping[str, Any]) -> Rules:
    usual = rules.formats["post"]
    pictures = facts.get("image_size_limit", usual.max_bytes["picture"])
    films = facts.get("video_size_limit", usual.max_bytes["film"])
    told = facts.get("supported_mime_types", usual.media_types)
    media = replace(
        usual,
        media_types=tuple(each for each in usual.media_types if each in told),
        max_pictures=facts.get("max_media_attachments", usual.max_pictures),
        max_bytes={"picture": pictures, "gif": pictures, "film": films},
        max_pixels=facts.get("image_matrix_limit", usual.max_pixels),
        alt_limit=facts.get("description_limit", usual.alt_limit),
    )
    return replace(
        rules,
        limit=facts.get("max_characters", rules.limit),
        url_length=facts.get("characters_reserved_per_url", rules.url_length),
        formats={"post": media},
    )
