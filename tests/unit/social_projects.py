"""A project with posts on all five networks, with pictures, a thread, a link card and what is wrong."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageColor, ImageDraw
from sqlalchemy import update

from aicmo.database import Database
from aicmo.execution.importing import Imported, import_document
from aicmo.models import Account
from aicmo.plans.cross_posts import spread
from aicmo.plans.document import ProjectDocument
from tests.conftest import KEY
from tests.projects import brand
from tests.unit.media_files import film

NETWORKS = ("linkedin", "instagram", "twitter", "bluesky", "mastodon")
PINNED = {
    "linkedin": ("urn:li:organization:5", "Northside Studio", "northside-studio"),
    "instagram": ("17841400000000001", "Northside Studio", "@northside.studio"),
    "twitter": ("783214", "Northside Studio", "@northsideATX"),
    "bluesky": ("did:plc:northside", "Northside Studio", "@northside.example.com"),
    "mastodon": ("109", "Northside Studio", "@northside@social.example"),
}
"""Id, name and handle of the project's account on each network."""

_LAUNCH = (
    "Our new studio opens on Monday. Eleven classes a week, fifty minutes each, and nobody "
    "shouts at you. Founder places are 20 % off until Friday."
)
_SKIES = (("#f6b26b", "#7a3b5d"), ("#9fd3e6", "#2b5876"), ("#fbd786", "#c6426e"))


def scene(number: int, width: int, height: int) -> bytes:
    """A picture as JPEG: hills under a sky, another one for each number."""
    above, below = _SKIES[number % len(_SKIES)]
    picture = Image.new("RGB", (width, height), above)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line((0, y, width, y), fill=_mixed(above, below, y / height))
    unit, at = min(width, height), width * (number % 3 + 1) // 4
    draw.ellipse((at - unit // 9, unit // 6, at + unit // 9, unit // 6 + 2 * unit // 9), "#fff4d6")
    for step, shade in enumerate(("#5b6b73", "#3c4a55", "#222d37")):
        top, wave = height * (6 + step) / 10, width / (7 - step)
        hills = [
            (x, top + unit / 16 * math.sin(x / wave + number + 2 * step))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *hills, (width, height)], fill=shade)
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=85)
    return made.getvalue()


def _mixed(above: str, below: str, share: float) -> tuple[int, int, int]:
    red, green, blue = (
        round(one + (other - one) * share)
        for one, other in zip(ImageColor.getrgb(above), ImageColor.getrgb(below), strict=True)
    )
    return red, green, blue


def avatar() -> bytes:
    """The account's picture: a small PNG."""
    picture = Image.new("RGB", (96, 96), "#12345a")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(16, 72), (48, 20), (80, 72)], fill="#f6b26b")
    draw.rectangle((42, 50, 54, 72), fill="#12345a")
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def pictures() -> dict[str, bytes]:
    """The files that the posts name, by path; the film has no frames."""
    return {
        "pictures/studio.jpg": scene(0, 1600, 1200),
        "pictures/portrait.jpg": scene(1, 1080, 1350),
        "pictures/class.jpg": scene(2, 1200, 1200),
        "pictures/card.jpg": scene(1, 1200, 628),
        "pictures/room.mp4": film(size=(1080, 1920)),
    }


def _medium(file: str, alt_text: str) -> dict[str, Any]:
    return {"file": f"pictures/{file}.jpg", "alt_text": alt_text}


STUDIO = _medium("studio", "The studio’s hall in the evening light")
PORTRAIT = _medium("portrait", "A trainer with a rope, from the side")
CLASS = _medium("class", "Eight people on mats, seen from above")
CARD = {
    "title": "Founder places: 20 % off until Friday",
    "description": "Eleven classes a week, fifty minutes each.",
    "picture": "pictures/card.jpg",
}
LINK = "https://northside.example.com/founders/autumn-2026"


def launch(**changes: Any) -> dict[str, Any]:
    """One post for all five networks, with a text of its own on three of them."""
    return {
        "id": "launch",
        "channels": list(NETWORKS),
        "title": "The studio opens",
        "send_at": "2026-03-16T07:30",
        "content": {
            "text": f"{_LAUNCH} #Austin #Fitness",
            "link": LINK,
            "card": CARD,
            "fit_media": True,
        },
        "variants": {
            "linkedin": {"text": f"{_LAUNCH}\n\nWhat we learned in two years of renting halls, and why we "
                         "built one of our own: people come back for the room, not for the offer. #Austin"},
            "instagram": {"media": [PORTRAIT, STUDIO, CLASS], "format": "carousel", "link": None, "card": None,
                          "text": f"{_LAUNCH} Link in bio. #Austin #Fitness #Northside"},
            "twitter": {"media": [STUDIO], "text": "Our new studio opens on Monday. Founder places are "
                        "20 % off until Friday. #Austin"},
            "mastodon": {"send_at": "2026-03-16T12:00", "media": [STUDIO, PORTRAIT],
                         "content_warning": "Advertising"},
        },
    } | changes  # fmt: skip


def thread(channel: str = "bluesky") -> dict[str, Any]:
    """A thread of three parts, one with a picture."""
    return {
        "id": "thread-1",
        "channel": channel,
        "title": "Why fifty minutes",
        "send_at": "2026-03-17T08:00",
        "content": {
            "text": "Why are our classes fifty minutes long? A short thread. #Fitness",
            "thread": [
                {"text": "An hour is a calendar’s idea. After 45 minutes most people stop learning, "
                 "and start looking at the clock.", "media": [CLASS]},
                {"text": f"The last five minutes are for tea. Come and try: {LINK}"},
            ],
        },
    }  # fmt: skip


def too_long() -> dict[str, Any]:
    """A post that X refuses, with a picture without alt text."""
    text = "Twelve things that nobody tells you about your first class. " * 6
    medium = {"file": "pictures/studio.jpg"}
    return {
        "id": "long-1",
        "channel": "twitter",
        "title": "Twelve things",
        "send_at": "2026-03-18T08:00",
        "content": {"text": text.strip(), "media": [medium]},
    }


def gallery(channel: str = "linkedin") -> dict[str, Any]:
    """Five pictures in one post."""
    return {
        "id": "gallery-1",
        "channel": channel,
        "title": "The rooms",
        "send_at": "2026-03-19T08:00",
        "content": {"text": "All rooms.", "media": [STUDIO, PORTRAIT, CLASS, STUDIO, CLASS], "fit_media": True},
    }  # fmt: skip


def reel() -> dict[str, Any]:
    """A film, upright."""
    medium = {"file": "pictures/room.mp4", "alt_text": "A walk through the studio"}
    content = {"text": "Come in.", "format": "reel", "media": [medium]}
    return {
        "id": "reel-1", "channel": "instagram", "title": "A walk", "send_at": "2026-03-20T08:00",
        "content": content,
    }  # fmt: skip


def social_document(*items: dict[str, Any], **changes: Any) -> ProjectDocument:
    """A project with these items; without any, with all of the above."""
    data = {
        "schema_version": 1,
        "id": "studio",
        "name": "Studio launch",
        "timezone": "America/Chicago",
        "language": "en",
        "starts_on": "2026-03-01",
        "ends_on": "2026-05-30",
        "brand": brand(),
        "objectives": [{"statement": "Reach 200 members"}],
        "market": {"primary": "Busy professionals"},
        "strategy": {
            "summary": "Be noticed, then tried.",
            "pillars": [{"name": "Community", "idea": "Classes that meet"}],
        },
        "items": list(items) or [launch(), thread(), too_long()],
    }
    return ProjectDocument.model_validate(spread(data | changes).data)


def social_project(
    database: Database,
    *items: dict[str, Any],
    pinned: tuple[str, ...] = NETWORKS,
    files: Mapping[str, bytes] | None = None,
) -> Imported:
    """Imports it, and pins the accounts of some networks."""
    found = import_document(
        database, social_document(*items), source="test", actor="tester", secret_key=KEY,
        files=pictures() if files is None else files,
    )  # fmt: skip
    for network in pinned:
        pin_account(database, network)
    return found


def pin_account(database: Database, network: str) -> None:
    """As `aicmo accounts add` leaves it."""
    identity, name, handle = PINNED[network]
    with database.write() as session:
        session.execute(
            update(Account)
            .where(Account.project_id == "studio", Account.channel == network)
            .values(identity=identity, name=name, profile={"handle": handle}, avatar=avatar())
        )
