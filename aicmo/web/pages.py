"""The pages on which contacts leave, and those for a request that leads nowhere."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from aicmo.execution.leaving import Letter
from aicmo.plans.document import Brand
from aicmo.web.look import Look, html_page, look_of
from aicmo.web.words import leaving_words


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
    return html_page(
        "page.html.j2",
        look_of(brand) if brand else Look(),
        status,
        language=language,
        brand=brand.name if brand else "",
        heading=heading,
        lines=lines,
        button=button,
        contact=contact,
    )
