"""The pages as answers: one small template, its own style, and nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from aicmo.execution.leaving import Letter
from aicmo.packaging.brand import theme_for
from aicmo.plans.document import Brand
from aicmo.web.words import leaving_words

_SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
_SERIF = 'Georgia, Charter, "Liberation Serif", serif'


@dataclass(frozen=True, slots=True)
class _Look:
    """Colours are `#rrggbb`.

    brand, on_brand: the button's ground and its text.
    light, dark: the brand's colour as text and as an edge, on light and on dark paper.
    """

    brand: str = "#24405e"
    on_brand: str = "#ffffff"
    light: str = "#24405e"
    dark: str = "#a9c4e4"
    light_paper: str = "#ffffff"
    dark_paper: str = "#171a1f"
    font: str = _SANS


def question_page(letter: Letter) -> HTMLResponse:
    """Asks whether to leave; its one button posts to the page's own address."""
    words = leaving_words(letter.language)
    return _page(
        letter.brand,
        language=words.language,
        heading=words.question.format(brand=letter.brand.name),
        lines=[words.consequence],
        button=words.button,
    )


def done_page(letter: Letter) -> HTMLResponse:
    """Says that it is done, and whom to tell if it was a mistake."""
    words, sender = leaving_words(letter.language), letter.brand.sender
    return _page(
        letter.brand,
        language=words.language,
        heading=words.done,
        lines=[words.what_follows.format(brand=letter.brand.name)],
        contact=(words.mistake, sender.reply_to or sender.email) if sender else None,
    )


def unknown_link_page() -> HTMLResponse:
    """For every link that leads nowhere; it doesn't say why, since it knows no more."""
    return _page(
        None,
        status=404,
        heading="This link doesn’t work",
        lines=[
            "This link is from a test or has expired, or a part of it is missing.",
            "To stop getting emails, reply to one of them and say so: that counts as well.",
        ],
    )


def refusal_page(status: int, line: str) -> HTMLResponse:
    """For a request that no page is made for."""
    return _page(None, status=status, heading="This doesn’t work", lines=[line])


def sorry_page() -> HTMLResponse:
    """A 503, after which mail providers try again."""
    line = "Something is wrong on our side. In a few minutes it will work again."
    page = _page(None, status=503, heading="Please try again", lines=[line])
    page.headers["retry-after"] = "120"
    return page


def _page(
    brand: Brand | None,
    *,
    heading: str,
    lines: list[str],
    status: int = 200,
    language: str = "en",
    button: str = "",
    contact: tuple[str, str] | None = None,
) -> HTMLResponse:
    style = _style(_look(brand) if brand else _Look())
    content = _templates().get_template("page.html.j2").render(
        language=language, brand=brand.name if brand else "", heading=heading, lines=lines,
        button=button, contact=contact, style=Markup(style),  # noqa: S704  (ours: only colours vary)
    )  # fmt: skip
    return HTMLResponse(content, status, {"content-security-policy": _policy(style)})


def _look(brand: Brand) -> _Look:
    theme = theme_for(brand)
    font = _SERIF if brand.typeface == "serif" else _SANS
    return _Look(
        theme.primary, theme.on_primary, theme.light.heading, theme.dark.heading,
        theme.light.paper, theme.dark.paper, font,
    )  # fmt: skip


def _style(look: _Look) -> str:
    return _templates().get_template("page.css.j2").render(look=look)


def _policy(style: str) -> str:
    """Nothing is loaded, run or framed; only this very style applies (CSP level 3)."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("aicmo.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
