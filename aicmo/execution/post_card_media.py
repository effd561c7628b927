"""How a feed lays a post's pictures out, what it crops away, and small copies of them to look at.

Sources of the shapes: Bluesky's app (`ImageLayoutGrid`, `AutoSizedImage`), Mastodon's web client
(`media_gallery`), Instagram's publishing guide; of X and LinkedIn what their sites show.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.models import Asset
from aicmo.posts.post import PostPicture

Layout = Literal["one", "pair", "three", "four", "lead", "strip"]
ContentOf = Callable[[str], bytes]
"""The content of an asset, by its SHA-256."""

_ANY = (0.0, 100.0)
_FEED_RATIOS = {
    Channel.LINKEDIN: (4 / 5, 1.91),
    Channel.INSTAGRAM: (4 / 5, 1.91),
    Channel.TWITTER: (3 / 4, 5.0),
    Channel.BLUESKY: (1 / 2, 5.0),
    Channel.MASTODON: _ANY,
}
"""Least and greatest width / height at which a single picture is shown."""
_BOXES = {Channel.TWITTER: 16 / 9, Channel.MASTODON: 3 / 2}
"""Width / height of the box that several pictures share."""
_LAYOUTS: dict[int, Layout] = {2: "pair", 3: "three"}
_UPRIGHT = 9 / 16
_UNKNOWN = 16 / 9
_CARD = 1.91
_WHOLE = 0.99
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture's place in the feed.

    ratio: its width / height there. seen: percent of the picture that shows, the rest is cropped.
    cropped: which sides lose something: `top and bottom`, `left and right` or ''.
    """

    ratio: float
    seen: int = 100
    cropped: str = ""


def layout_of(network: Channel, count: int) -> Layout:
    """How the feed of a network arranges so many pictures."""
    if count <= 1:
        return "one"
    if network is Channel.INSTAGRAM:
        return "strip"
    if network is Channel.LINKEDIN:
        return "pair" if count == 2 else "lead"  # noqa: PLR2004
    return _LAYOUTS.get(count, "four")


def frames(
    network: Channel, post_format: str, pictures: Sequence[PostPicture]
) -> tuple[Frame, ...]:
    """The place of each picture of a post; of a film its own shape."""
    shapes = [_shape(each) for each in pictures]
    if post_format in ("reel", "story"):
        ratios = [_UPRIGHT for _ in pictures]
    elif len(pictures) < 2:  # noqa: PLR2004
        ratios = [_between(shape, _FEED_RATIOS[network]) for shape in shapes]
    else:
        ratios = _ratios_of_several(network, shapes)
    return tuple(_frame(shape, ratio) for shape, ratio in zip(shapes, ratios, strict=True))


def card_frame(picture: PostPicture) -> Frame:
    """The place of the picture of a link's card."""
    return _frame(_shape(picture), _CARD)


def _ratios_of_several(network: Channel, shapes: Sequence[float]) -> list[float]:
    count, layout = len(shapes), layout_of(network, len(shapes))
    if network is Channel.INSTAGRAM:  # the first picture sets the shape of all
        return [_between(shapes[0], _FEED_RATIOS[network])] * count
    if layout == "lead":
        return [3 / 2, *[1.0] * (count - 1)]
    box = _BOXES.get(network)
    if box is None:
        return [1.0] * count
    tall = box / 2
    return {"pair": [tall, tall], "three": [tall, box, box]}.get(layout, [box] * count)


def _shape(picture: PostPicture) -> float:
    return picture.width / picture.height if picture.width and picture.height else _UNKNOWN


def _between(ratio: float, limits: tuple[float, float]) -> float:
    return min(max(ratio, limits[0]), limits[1])


def _frame(shape: float, ratio: float) -> Frame:
    seen = min(shape / ratio, ratio / shape)
    if seen > _WHOLE:
        return Frame(ratio)
    return Frame(ratio, round(seen * 100), "top and bottom" if shape < ratio else "left and right")


def contents(database: Database) -> ContentOf:
    """Reads assets from the ledger, one at a time: together they may be large."""

    def read(sha256: str) -> bytes:
        with database.read() as session:
            return session.get_one(Asset, sha256).content

    return read


def small_copy(content: bytes, most: int, ratio: float | None = None) -> bytes:
    """A JPEG of at most `most` pixels a side, of an animation its first picture; b'' of a film.

    ratio: width / height that it is cropped to, around its middle.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  (a preview without pictures has no use for it)

    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.draft("RGB", (most * 2, most * 2))
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError):
        return b""
    if ratio:
        width, height = picture.size
        across, down = min(width, height * ratio), min(height, width / ratio)
        picture = ImageOps.fit(picture, (max(1, round(across)), max(1, round(down))))
    picture.thumbnail((most, most))
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture)
    made = io.BytesIO()
    flat.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return made.getvalue()


def data_address(content: bytes, media_type: str = "image/jpeg") -> str:
    """A picture as a `data:` address; '' of none."""
    encoded = base64.b64encode(content).decode()
    return f"data:{media_type};base64,{encoded}" if content else ""
