"""The two forms of an email around its body: the branded HTML page and the plain text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2 import Template as Page
from markupsafe import Markup

from aicmo.errors import FixInput
from aicmo.gateways.email_body import Body, check_link, render_body
from aicmo.gateways.email_headers import refuse_controls, refuse_controls_in_prose
from aicmo.gateways.personalisation import Markers, Template
from aicmo.plans.document import Brand
from aicmo.plans.items import CallToAction, EmailContent

_FONTS = {"sans": "Helvetica,Arial,sans-serif", "serif": "Georgia,'Times New Roman',serif"}
_WHITE, _BLACK = "#ffffff", "#101828"
_READABLE_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3


@dataclass(frozen=True)
class Parts:
    """The alternatives of one email, each a template for the recipient's values."""

    text: Template
    html: Template


@dataclass(frozen=True)
class _Footer:
    sender: str
    postal_address: str
    reason: str
    unsubscribe_url: str


def prepare_parts(
    content: EmailContent, brand: Brand, *, unsubscribe_url: str, language: str
) -> Parts:
    """Both parts of the content in the brand.

    Raises:
        FixInput: the content or the brand can't be shown in an email; the text names the field.
    """
    markers = Markers(repr((content, brand, language)))
    footer = _footer(brand, unsubscribe_url)
    prose = refuse_controls_in_prose(content.body, "content.body")
    body = render_body(prose, markers, link_colour=_link_colour(brand.colours.primary))
    cta = _marked_cta(content.cta, markers)
    page = _page().render(
        language=language,
        subject=_marked(content.subject, "content.subject", markers),
        preheader=_marked(content.preheader or "", "content.preheader", markers),
        name=brand.name,
        footer=footer,
        body=Markup(body.html),  # noqa: S704  (made by markdown-it with HTML switched off)
        cta=cta,
        font=_FONTS[brand.typeface],
        primary=brand.colours.primary,
        on_primary=_text_on(brand.colours.primary),
        accent=brand.colours.accent,
    )
    return Parts(markers.template(_plain_text(body, cta, footer)), markers.template(page))


@cache
def _page() -> Page:
    environment = Environment(
        loader=PackageLoader("aicmo.gateways"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("email.html.j2")


def _footer(brand: Brand, unsubscribe_url: str) -> _Footer:
    if brand.postal_address is None:
        raise FixInput(
            "brand.postal_address is missing, and the law wants it in every email",
            next_step="Add brand.postal_address to the project document.",
        )
    name = refuse_controls(brand.name, "brand.name")
    return _Footer(
        sender=name,
        postal_address=refuse_controls(brand.postal_address, "brand.postal_address"),
        reason=f"You receive this email because you agreed to hear from {name}.",
        unsubscribe_url=unsubscribe_url,
    )


def _marked(text: str, place: str, markers: Markers) -> str:
    return markers.put_into(refuse_controls(text, place), place)


def _marked_cta(cta: CallToAction | None, markers: Markers) -> CallToAction | None:
    if cta is None:
        return None
    label = _marked(cta.label, "content.cta.label", markers)
    url = check_link(refuse_controls(cta.url, "content.cta.url"), markers, "content.cta.url")
    return CallToAction.model_construct(label=label, url=url)


def _plain_text(body: Body, cta: CallToAction | None, footer: _Footer) -> str:
    button = [f"{cta.label}:\n{cta.url}"] if cta else []
    end = [
        "-- ",
        footer.sender,
        footer.postal_address,
        footer.reason,
        f"Unsubscribe: {footer.unsubscribe_url}",
    ]
    return "\n\n".join([body.text, *button, "\n".join(end)]) + "\n"


def _link_colour(primary: str) -> str:
    return primary if _contrast(primary, _WHITE) >= _READABLE_CONTRAST else _BLACK


def _text_on(background: str) -> str:
    return max((_WHITE, _BLACK), key=lambda colour: _contrast(colour, background))


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)  # noqa: PLR2004  (the constants of sRGB)
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
