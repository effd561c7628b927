"""Pictures and films as their network takes them: upright, without metadata and, if wanted, made to fit."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from aicmo.errors import FixInput
from aicmo.plans.films import is_film, read_film
from aicmo.posts import media_cleaning
from aicmo.posts.rules import Kind, MediaRules, kind_of

_CLEAN = {
    "JPEG": media_cleaning.clean_jpeg,
    "PNG": media_cleaning.clean_png,
    "WEBP": media_cleaning.clean_webp,
    "GIF": media_cleaning.clean_gif,
}
_UNLIKE_ITS_STANDARD = (ValueError, IndexError, struct.error)
_MALICIOUS = (Image.DecompressionBombError, RecursionError)
"""A picture of far too many pixels, and a film whose parts lie in each other without end."""
_UPRIGHT_QUALITY, _QUALITIES = 95, (92, 84, 76)
_ORIENTATION = 0x0112  # EXIF
_SMALLER, _SMALLEST = 0.9, 64


@dataclass(frozen=True, slots=True)
class Medium:
    """The bytes of a picture or film, and what a network asks of them.

    width, height: pixels. frames: more than one moves. seconds: of a film, else 0.
    """

    content: bytes
    media_type: str
    width: int
    height: int
    frames: int = 1
    seconds: float = 0.0

    @property
    def kind(self) -> Kind:
        return kind_of(self.media_type)

    @property
    def moves(self) -> bool:
        return self.frames > 1 or self.kind == "film"


def clean(content: bytes) -> Medium:
    """The picture or film upright and without metadata; its pixels change only to turn it.

    Raises:
        FixInput: it can't be read.
    """
    try:
        if is_film(content):
            return look(media_cleaning.clean_film(content))
        return look(_clean_picture(content))
    except (OSError, SyntaxError, *_MALICIOUS, *_UNLIKE_ITS_STANDARD) as error:
        raise FixInput(
            "A picture or film of the plan can't be read",
            next_step="Save it anew as JPEG, PNG, WebP, GIF or MP4, and import the plan again.",
        ) from error


def look(content: bytes) -> Medium:
    """What clean bytes are.

    Raises:
        ValueError, OSError: neither a picture nor a film.
    """
    if is_film(content):
        film = read_film(content)
        return Medium(content, "video/mp4", film.width, film.height, seconds=film.seconds)
    with Image.open(io.BytesIO(content), formats=tuple(_CLEAN)) as picture:
        frames = int(getattr(picture, "n_frames", 1))
        return Medium(content, _media_type(picture), picture.width, picture.height, frames)


def fit(medium: Medium, rules: MediaRules, *, may_change: bool) -> Medium:
    """A clean medium as it goes out: with `may_change` made to what the network takes.

    Only still pictures are changed: scaled down, cropped around the middle, encoded anew; the same
    picture gives the same bytes. What doesn't fit all the same stays as it is: `measure` objects.
    """
    fits = medium.media_type in rules.media_types and not any(measure(medium, rules))
    return medium if fits or medium.moves or not may_change else _made_to_fit(medium, rules)


def measure(medium: Medium, rules: MediaRules) -> Iterator[str]:
    """What a network objects to, each with both numbers; its type is judged with the whole post."""
    yield from _too_heavy(medium, rules)
    most = rules.gif_pixels if medium.kind == "gif" and medium.moves else rules.max_pixels
    width, height = medium.width, medium.height
    if most and medium.kind != "film" and width * height > most:
        yield f"{width} × {height} are {width * height:,} pixels, of {most:,}"
    if rules.max_side and max(width, height) > rules.max_side:
        yield f"{width} × {height} pixels, of {rules.max_side:,} on the longer side"
    if rules.min_side and min(width, height) < rules.min_side:
        yield f"{width} × {height} pixels, of at least {rules.min_side:,} on the shorter side"
    ratio = rules.film_ratio if medium.kind == "film" else rules.ratio
    if ratio and not ratio[0] <= width / height <= ratio[1]:
        yield f"{width} × {height} is {width / height:.2f} wide to 1 high, of {ratio[0]:.2f} to {ratio[1]:.2f}"
    yield from _too_long(medium, rules)


def _too_heavy(medium: Medium, rules: MediaRules) -> Iterator[str]:
    most = rules.max_bytes.get(medium.kind)
    if most and len(medium.content) > most:
        yield f"{len(medium.content):,} of {most:,} bytes"


def _too_heavy_by(medium: Medium, rules: MediaRules) -> float:
    return len(medium.content) / rules.max_bytes[medium.kind]


def _too_long(medium: Medium, rules: MediaRules) -> Iterator[str]:
    if rules.gif_frames and medium.frames > rules.gif_frames:
        yield f"{medium.frames:,} of {rules.gif_frames:,} frames"
    if medium.kind == "film" and rules.film_seconds:
        least, most = rules.film_seconds
        if not least <= medium.seconds <= most:
            yield f"{medium.seconds:.1f} seconds, of {least:g} to {most:g}"
    if medium.kind == "picture" and medium.moves:
        yield "it moves, and in this format it would stand still"


def remedy(medium: Medium, rules: MediaRules, *, may_change: bool) -> str:
    """What makes the medium fit."""
    if medium.kind == "film":
        return "Give a film that is cut and encoded for it"
    if medium.moves:
        return "Give a smaller GIF, a film (MP4), or a picture that stands still"
    if may_change or (rules.min_side and min(medium.width, medium.height) < rules.min_side):
        return "Give a larger picture, or one of another shape"
    crop = _crop(medium.width, medium.height, rules.ratio)
    if crop != (medium.width, medium.height):
        return f"Set fit_media: true, or crop it to {crop[0]} × {crop[1]}"
    return "Set fit_media: true, or give a smaller picture"


def _clean_picture(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=tuple(_CLEAN)) as picture:
        # With further pictures behind it, Pillow calls a JPEG picture MPO.
        kind = "JPEG" if content[:2] == b"\xff\xd8" else str(picture.format)
        moves = kind != "JPEG" and getattr(picture, "is_animated", False)
        if not moves and picture.getexif().get(_ORIENTATION, 1) != 1:
            return _encoded(_plain(picture), kind, _UPRIGHT_QUALITY)
        try:
            return _CLEAN[kind](content)
        except _UNLIKE_ITS_STANDARD:
            if moves:
                raise
            return _encoded(_plain(picture), kind, _UPRIGHT_QUALITY)


def _media_type(picture: Image.Image) -> str:
    return str(Image.MIME[str(picture.format)])


def _made_to_fit(medium: Medium, rules: MediaRules) -> Medium:
    with Image.open(io.BytesIO(medium.content)) as opened:
        picture = _plain(opened)
    scale = _scale(picture, rules)
    fitted = _lightest(medium, _cropped(picture, scale, rules.ratio), rules)
    while any(_too_heavy(fitted, rules)) and _can_shrink(fitted, rules):
        scale *= min(_SMALLER, _too_heavy_by(fitted, rules) ** -0.5)
        fitted = _lightest(medium, _cropped(picture, scale, rules.ratio), rules)
    return fitted


def _can_shrink(medium: Medium, rules: MediaRules) -> bool:
    return min(medium.width, medium.height) * _SMALLER > max(_SMALLEST, rules.min_side or 0)


def _lightest(medium: Medium, picture: Image.Image, rules: MediaRules) -> Medium:
    """The first encoding that is light enough, else the lightest.

    PNG where nothing was lost so far or something shines through; then JPEG, ever coarser.
    """
    is_lossless = medium.media_type in ("image/png", "image/gif") or picture.mode == "RGBA"
    if is_lossless and "image/png" in rules.media_types:
        found = look(_encoded(picture, "PNG", 0))
        if not any(_too_heavy(found, rules)):
            return found
    found = look(_encoded(picture, "JPEG", _QUALITIES[0]))
    for quality in _QUALITIES[1:]:
        if not any(_too_heavy(found, rules)):
            break
        found = look(_encoded(picture, "JPEG", quality))
    return found


def _plain(picture: Image.Image) -> Image.Image:
    """Upright, in sRGB, with nothing but its pixels."""
    upright = ImageOps.exif_transpose(picture)
    profile: bytes | None = upright.info.get("icc_profile")
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    if profile and upright.mode in ("RGB", "RGBA", "CMYK"):
        upright = _in_srgb(upright, profile)
    if upright.mode.startswith("I;16"):
        # Without it, all but the darkest shades become white.
        upright = upright.point(lambda shade: shade / 256)  # pyright: ignore[reportUnknownMemberType]
    made = upright.convert(mode)
    made.info = {}
    return made


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    mode = "RGB" if picture.mode == "CMYK" else picture.mode
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, given, srgb, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return picture
    return converted or picture


def _scale(picture: Image.Image, rules: MediaRules) -> float:
    width, height = _crop(picture.width, picture.height, rules.ratio)
    sides = min(1.0, (rules.max_side or max(width, height)) / max(width, height))
    area = ((rules.max_pixels or width * height) / (width * height)) ** 0.5
    return min(sides, area)


def _cropped(picture: Image.Image, scale: float, ratio: tuple[float, float] | None) -> Image.Image:
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    scaled = picture.copy()
    scaled.thumbnail(size, Image.Resampling.LANCZOS, reducing_gap=None)
    width, height = _crop(scaled.width, scaled.height, ratio)
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    return scaled.crop((left, top, left + width, top + height))


def _crop(width: int, height: int, ratio: tuple[float, float] | None) -> tuple[int, int]:
    """The largest size inside this one whose ratio is allowed."""
    if ratio and width / height < ratio[0]:
        return width, max(1, int(width / ratio[0]))
    if ratio and width / height > ratio[1]:
        return max(1, int(height * ratio[1])), height
    return width, height


def _encoded(picture: Image.Image, kind: str, quality: int) -> bytes:
    written = io.BytesIO()
    if kind == "JPEG" and picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    if kind == "WEBP":
        picture.save(written, kind, quality=quality, method=4)
    elif kind == "JPEG":
        picture.save(written, kind, quality=quality, optimize=True)
    else:
        picture.save(written, kind, optimize=True)
    return written.getvalue()
