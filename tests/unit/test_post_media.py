"""What a picture or film becomes before it goes out: upright, silent about its making, and fitting."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageCms

from aicmo.channels import Channel
from aicmo.errors import FixInput
from aicmo.posts.media import Medium, clean, fit, look, measure, remedy
from aicmo.posts.rules import MediaRules, rules_of
from tests.unit import media_files
from tests.unit.media_files import SECRET, drawn, film, gif, jpeg, noise, png, webp

X = rules_of(Channel.TWITTER).media_of("post")
INSTAGRAM = rules_of(Channel.INSTAGRAM).media_of("post")
BLUESKY = rules_of(Channel.BLUESKY).media_of("post")
LINKEDIN = rules_of(Channel.LINKEDIN).media_of("post")


def pixels(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as opened:
        return opened.convert("RGBA")


def same_pixels(one: bytes, other: bytes) -> bool:
    first, second = pixels(one), pixels(other)
    return first.size == second.size and ImageChops.difference(first, second).getbbox() is None


@pytest.mark.parametrize("made", [jpeg, png, webp, gif], ids=["JPEG", "PNG", "WebP", "GIF"])
def test_a_picture_tells_nothing_of_its_making_and_keeps_each_pixel(
    made: Callable[[], bytes],
) -> None:
    content = made()
    assert SECRET in content
    found = clean(content)
    assert SECRET not in found.content
    assert b"Exif" not in found.content
    with Image.open(io.BytesIO(found.content)) as opened:
        assert not opened.getexif()
        assert not {"exif", "xmp", "comment", "Author"} & opened.info.keys()
    assert same_pixels(found.content, content)


def test_a_film_tells_nothing_of_its_making_and_keeps_each_frame() -> None:
    content = film()
    found = clean(content)
    assert SECRET not in found.content
    assert (len(found.content), found.content.index(b"framesframes")) == (
        len(content), content.index(b"framesframes"),
    )  # fmt: skip
    assert (found.media_type, found.seconds, found.width) == ("video/mp4", 12.5, 1280)


def test_a_second_picture_behind_the_first_stays_out() -> None:
    """Phones put a depth or brightness map there; Pillow then sees a picture that moves."""
    written = io.BytesIO()
    drawn().save(written, "MPO", save_all=True, append_images=[drawn(200, 150)])
    found = clean(written.getvalue())
    assert (found.media_type, found.frames) == ("image/jpeg", 1)
    assert found.content.count(b"\xff\xd9") == 1


def test_a_progressive_picture_keeps_each_pixel() -> None:
    written = io.BytesIO()
    noise(64, 64).save(written, "JPEG", progressive=True, quality=70, exif=media_files.exif())
    assert same_pixels(clean(written.getvalue()).content, written.getvalue())


@pytest.mark.parametrize("made", [jpeg, png])
def test_a_picture_is_turned_upright(made: Callable[..., bytes]) -> None:
    lying = drawn().transpose(Image.Transpose.ROTATE_90)
    found = clean(made(lying, orientation=6))
    assert (found.width, found.height) == (400, 300)
    assert SECRET not in found.content
    left, right = (pixels(found.content).getpixel((x, 150)) for x in (50, 350))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


def test_an_animation_keeps_its_frames_and_its_loop() -> None:
    found = clean(gif(frames=5))
    assert (found.media_type, found.frames) == ("image/gif", 5)
    assert b"NETSCAPE2.0" in found.content


def test_a_colour_profile_stays_until_the_picture_is_encoded_anew() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    written = io.BytesIO()
    drawn(900, 300).save(written, "JPEG", icc_profile=profile)
    assert b"ICC_PROFILE" in clean(written.getvalue()).content
    fitted = fit(clean(written.getvalue()), INSTAGRAM, may_change=True)
    assert b"ICC_PROFILE" not in fitted.content


def test_what_fits_goes_out_byte_for_byte() -> None:
    medium = clean(jpeg())
    assert fit(medium, X, may_change=True) is medium
    assert not list(measure(medium, X))


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((1000, 2000), (1000, 1250)), ((2000, 800), (1528, 800)), ((1080, 1350), (1080, 1350))],
    ids=["too tall", "too wide", "just right"],
)
def test_a_picture_is_cropped_around_its_middle(
    size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    medium = clean(jpeg(drawn(*size)))
    found = fit(medium, INSTAGRAM, may_change=True)
    assert (found.width, found.height) == fitted
    assert not list(measure(found, INSTAGRAM))
    middle = pixels(found.content)
    for at, channel in ((0.4, 0), (0.6, 2)):
        colour = middle.getpixel((int(found.width * at), found.height // 2))
        assert isinstance(colour, tuple)
        assert colour[channel] > 150


def test_what_may_not_be_changed_stays_and_is_told_with_numbers_and_a_fix() -> None:
    medium = clean(jpeg(drawn(1000, 2000)))
    assert fit(medium, INSTAGRAM, may_change=False) is medium
    assert list(measure(medium, INSTAGRAM)) == [
        "1000 × 2000 is 0.50 wide to 1 high, of 0.80 to 1.91"
    ]
    said = remedy(medium, INSTAGRAM, may_change=False)
    assert said == "Set fit_media: true, or crop it to 1000 × 1250"


def test_a_picture_is_scaled_to_sides_and_pixels() -> None:
    rules = replace(X, max_side=500, max_pixels=100_000)
    found = fit(clean(png(drawn(2000, 1000))), rules, may_change=True)
    assert not list(measure(found, rules))
    assert found.width / found.height == pytest.approx(2, abs=0.02)
    assert found.width > 430  # no smaller than it must be


def test_a_heavy_picture_gets_coarser_then_smaller() -> None:
    medium = clean(jpeg(noise(600, 400), quality=95))
    coarser = replace(X, max_bytes={"picture": 150_000})
    found = fit(medium, coarser, may_change=True)
    assert (found.width, len(found.content) <= 150_000) == (600, True)
    smaller = replace(X, max_bytes={"picture": 30_000})
    found = fit(medium, smaller, may_change=True)
    assert found.width < 600
    assert len(found.content) <= 30_000


def test_the_same_picture_gives_the_same_bytes() -> None:
    made = [fit(clean(jpeg(drawn(1000, 2000))), INSTAGRAM, may_change=True) for _ in range(2)]
    assert made[0].content == made[1].content


def test_a_format_that_the_network_lacks_is_encoded_anew() -> None:
    assert fit(clean(webp()), LINKEDIN, may_change=True).media_type == "image/jpeg"
    assert fit(clean(gif()), BLUESKY, may_change=True).media_type == "image/png"
    seen_through = drawn(mode="RGBA")
    seen_through.putalpha(100)
    assert fit(clean(png(seen_through)), INSTAGRAM, may_change=True).media_type == "image/jpeg"
    assert fit(clean(webp(seen_through)), LINKEDIN, may_change=True).media_type == "image/png"


def test_sixteen_bits_of_grey_keep_their_shade() -> None:
    grey = clean(png(Image.new("I;16", (64, 64), 0x8000)))
    shade = pixels(fit(grey, INSTAGRAM, may_change=True).content).getpixel((30, 30))
    assert isinstance(shade, tuple)
    assert abs(shade[0] - 128) <= 2


def test_an_animation_is_never_made_to_stand_still() -> None:
    moving = clean(gif(frames=5))
    assert fit(moving, INSTAGRAM, may_change=True) is moving
    assert fit(moving, X, may_change=True) is moving


MEDIUM = Medium(b"x" * 100, "image/jpeg", 100, 100)


@pytest.mark.parametrize(
    ("medium", "change", "said"),
    [
        (MEDIUM, {"max_bytes": {"picture": 99}}, "100 of 99 bytes"),
        (MEDIUM, {"max_bytes": {"picture": 100}}, None),
        (MEDIUM, {"max_pixels": 9_999}, "100 × 100 are 10,000 pixels, of 9,999"),
        (MEDIUM, {"max_pixels": 10_000}, None),
        (MEDIUM, {"max_side": 99}, "100 × 100 pixels, of 99 on the longer side"),
        (MEDIUM, {"max_side": 100}, None),
        (MEDIUM, {"min_side": 101}, "100 × 100 pixels, of at least 101 on the shorter side"),
        (MEDIUM, {"min_side": 100}, None),
        (MEDIUM, {"ratio": (1.01, 2)}, "100 × 100 is 1.00 wide to 1 high, of 1.01 to 2.00"),
        (MEDIUM, {"ratio": (1, 1)}, None),
        (replace(MEDIUM, frames=2), {}, "it moves, and in this format it would stand still"),
        (replace(MEDIUM, media_type="image/gif", frames=9), {"gif_frames": 8}, "9 of 8 frames"),
        (replace(MEDIUM, media_type="image/gif", frames=8), {"gif_frames": 8}, None),
        (replace(MEDIUM, media_type="image/gif", frames=2), {"gif_pixels": 9_999},
         "100 × 100 are 10,000 pixels, of 9,999"),
        (replace(MEDIUM, media_type="video/mp4", seconds=140.1), {"film_seconds": (0.5, 140)},
         "140.1 seconds, of 0.5 to 140"),
        (replace(MEDIUM, media_type="video/mp4", seconds=140), {"film_seconds": (0.5, 140)}, None),
        (replace(MEDIUM, media_type="video/mp4", seconds=1), {"film_ratio": (2, 3)},
         "100 × 100 is 1.00 wide to 1 high, of 2.00 to 3.00"),
    ],
)  # fmt: skip
def test_each_limit_holds_to_the_last_number(
    medium: Medium, change: dict[str, object], said: str | None
) -> None:
    every = MediaRules(media_types=(), max_pictures=4, max_bytes={}, alt_limit=100)
    assert list(measure(medium, replace(every, **change))) == ([said] if said else [])


@pytest.mark.parametrize("large_times", [False, True])
def test_a_film_is_as_large_as_it_is_shown(large_times: bool) -> None:  # noqa: FBT001
    found = look(film(75, (1920, 1080), turned=True, large_times=large_times))
    assert (found.seconds, found.width, found.height) == (75, 1080, 1920)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", film()[:300], jpeg()[:300], gif(frames=3)[:-40], b"\xff\xd8\xff"]
)
def test_what_can_not_be_read_is_refused_in_words(content: bytes) -> None:
    refuses(content)


def test_what_is_made_to_exhaust_the_machine_is_refused_in_words() -> None:
    inside = b""
    for _ in range(3_000):
        inside = struct.pack(">I4s", len(inside) + 8, b"moov") + inside
    refuses(struct.pack(">I4s4sI4s", 20, b"ftyp", b"mp42", 0, b"isom") + inside)
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    checked = b"IHDR" + header
    part = struct.pack(">I", len(header)) + checked + struct.pack(">I", zlib.crc32(checked))
    refuses(b"\x89PNG\r\n\x1a\n" + part)


def refuses(content: bytes) -> None:
    with pytest.raises(FixInput, match="can't be read"):
        clean(content)
