"""The pages on which a client finds a package, in the client's brand and language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date
from babel.numbers import format_decimal
from starlette.responses import HTMLResponse

from aicmo.packaging.links import SharedFile, SharedPackage
from aicmo.packaging.pictures import Picture
from aicmo.packaging.translation import Translation, translation
from aicmo.plans import times
from aicmo.web.look import Look, html_page, look_of

_KINDS = {
    "pdf": "PDF", "pptx": "PowerPoint", "html": "HTML", "xlsx": "Excel", "ics": "iCalendar",
    "csv": "CSV", "json": "JSON", "zip": "ZIP",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """One file as the page lists it: `address` is relative to the page."""

    title: str
    facts: str
    address: str
    name: str


def package_page(
    shared: SharedPackage, token: str, timezone: str, logo: Picture | None
) -> HTMLResponse:
    """Every file with what it is and how large, and until when the link works.

    Args:
        shared: an open link's package.
        token: the link's, for the addresses of its files.
        timezone: the project's IANA zone, by which days are written.
        logo: of the brand, if it has one.
    """
    say = translation(shared.language)
    archive = _row(say, shared.archive, token) if shared.archive else None
    return html_page(
        "package.html.j2",
        look_of(shared.brand),
        language=say.language,
        direction=say.direction,
        brand=shared.brand.name,
        logo=logo.data_url if logo else "",
        heading=shared.title,
        facts=_facts(say, shared, timezone),
        draft=say.text("Internal draft: not released yet") if shared.status != "final" else "",
        archive=archive,
        archive_label=say.text("Download everything"),
        files_heading=say.text("Files"),
        files=[_row(say, each, token) for each in shared.files],
        download_label=say.text("Download"),
        notes=_notes(say, shared, timezone),
        contact=_contact(say, shared),
    )


def gone_page(shared: SharedPackage, timezone: str) -> HTMLResponse:
    """A 410 for a link that has ended, with whom to ask for a new one."""
    say = translation(shared.language)
    day = _day(say, shared.expires_at, timezone)
    ended = {
        "expired": (say.text("This link has expired"), say.text("It worked until {day}.", day=day)),
        "revoked": (
            say.text("This link was withdrawn"),
            say.text("There may be a newer version of the documents."),
        ),
    }
    heading, line = ended[shared.state]
    return _sentence_page(say, shared, 410, heading, line)


def no_package_page() -> HTMLResponse:
    """For every link to a package that leads nowhere; it doesn't say why, since it knows no more."""
    return html_page(
        "page.html.j2",
        Look(),
        404,
        language="en",
        brand="",
        heading="This link doesn’t work",
        lines=[
            "A part of it may be missing: open it from the message itself, or copy all of it.",
            "If it still doesn’t work, ask whoever sent it to you for a new one.",
        ],
        button="",
        contact=None,
    )


def no_file_page(shared: SharedPackage) -> HTMLResponse:
    """A 404 for a file that isn't part of the link's package."""
    say = translation(shared.language)
    line = say.text("Open the link from the message again: it lists every file.")
    return _sentence_page(say, shared, 404, say.text("There is no such file here"), line)


def _sentence_page(
    say: Translation, shared: SharedPackage, code: int, heading: str, line: str
) -> HTMLResponse:
    return html_page(
        "page.html.j2",
        look_of(shared.brand),
        code,
        language=say.language,
        direction=say.direction,
        brand=shared.brand.name,
        heading=heading,
        lines=[line],
        button="",
        contact=_contact(say, shared),
    )


def _facts(say: Translation, shared: SharedPackage, timezone: str) -> list[str]:
    return [
        say.text("Version {number}", number=format_decimal(shared.plan_version, locale=say.locale)),
        _day(say, shared.built_at, timezone),
    ]


def _notes(say: Translation, shared: SharedPackage, timezone: str) -> list[str]:
    day = _day(say, shared.expires_at, timezone)
    return [
        say.text("This page works until {day}.", day=day),
        say.text("Whoever has its address can open it, so pass it on with care."),
    ]


def _contact(say: Translation, shared: SharedPackage) -> tuple[str, str] | None:
    sender = shared.brand.sender
    return (say.text("Questions? Write to"), sender.reply_to or sender.email) if sender else None


def _day(say: Translation, instant: datetime, timezone: str) -> str:
    return format_date(times.in_zone(instant, timezone).date(), "long", locale=say.locale)


def _row(say: Translation, file: SharedFile, token: str) -> _Row:
    return _Row(
        title=file.title or file.name,
        facts=" · ".join(_described(say, file)),
        address=f"/p/{token}/{file.name}",
        name=file.name,
    )


def _described(say: Translation, file: SharedFile) -> Iterator[str]:
    kind = file.name.rpartition(".")[2]
    yield _KINDS.get(kind, kind.upper())
    if file.pages and kind == "pptx":
        yield say.plural("{number} slide", "{number} slides", file.pages)
    elif file.pages and kind == "pdf":
        yield say.plural("{number} page", "{number} pages", file.pages)
    yield _size(say, file.size)


def _size(say: Translation, size: int) -> str:
    if size < 1_000_000:  # noqa: PLR2004
        return f"{format_decimal(max(1, round(size / 1000)), locale=say.locale)} kB"
    return f"{format_decimal(round(size / 1_000_000, 1), locale=say.locale)} MB"
