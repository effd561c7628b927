"""The two forms of an email around its body: the branded HTML page and the plain text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2 import Template as Page
from markupsafe import Markup

from aicmo.errors import FixInput
from aicmo.gateways.email_body import Body, render_body
from aicmo.gateways.email_footer import FooterWords, footer_words
from aicmo.gateways.email_headers import refuse_controls
from aicmo.gateways.email_look import Look
from aicmo.gateways.email_urls import Links
from aicmo.gateways.personalisation import Markers, Template
from aicmo.plans.document import Brand
from aicmo.plans.items import CallToAction, EmailContent


@dataclass(frozen=True)
class Parts:
    """The alternatives of one email, each a template for the recipient's values."""

    text: Template
    html: Template


@dataclass(frozen=True)
class _Footer:
    name: str
    postal_address: str
    words: FooterWords
    unsubscribe_url: str

    @property
    def identity(self) -> list[str]:
        """Who writes and from where; an address often starts with the name already."""
        is_named = self.postal_address.startswith(self.name)
        return [self.postal_address] if is_named else [self.name, self.postal_address]

    @property
    def lines(self) -> list[str]:
        leave = f"{self.words.unsubscribe}: {self.unsubscribe_url}"
        return ["-- ", *self.identity, self.words.reason, leave]


def prepare_parts(content: EmailContent, brand: Brand, links: Links, *, language: str) -> Parts:
    """Both parts of the content in the brand.

    Raises:
        FixInput: the content or the brand can't be shown in an email; the text names the field.
    """
    look = Look(brand, language)
    footer = _footer(brand, links.unsubscribe_url, language)
    body = render_body(content, links, look)
    cta = _call_to_action(content.cta, links)
    page = _page().render(
        look=look,
        light=look.light,
        dark=look.dark,
        primary=brand.colours.primary,
        accent=brand.colours.accent,
        subject=_marked(content.subject, "content.subject", links.markers),
        preheader=_marked(content.preheader or "", "content.preheader", links.markers),
        body=Markup(body.html),  # noqa: S704  (written from the checked tree)
        cta=cta,
        name=footer.name,
        identity=footer.identity,
        words=footer.words,
        unsubscribe_url=footer.unsubscribe_url,
    )
    text = _plain_text(body, cta, footer)
    return Parts(links.markers.template(text), links.markers.template(page))


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


def _footer(brand: Brand, unsubscribe_url: str, language: str) -> _Footer:
    if brand.postal_address is None:
        raise FixInput(
            "brand.postal_address is missing, and the law wants it in every email",
            next_step="Add brand.postal_address to the project document.",
        )
    name = refuse_controls(brand.name, "brand.name")
    return _Footer(
        name=name,
        postal_address=refuse_controls(brand.postal_address, "brand.postal_address"),
        words=footer_words(language, name),
        unsubscribe_url=unsubscribe_url,
    )


def _marked(text: str, place: str, markers: Markers) -> str:
    return markers.put_into(refuse_controls(text, place), place)


def _call_to_action(cta: CallToAction | None, links: Links) -> CallToAction | None:
    if cta is None:
        return None
    label = _marked(cta.label, "content.cta.label", links.markers)
    links.check(cta.url, "content.cta.url")
    return CallToAction.model_construct(label=label, url=links.tagged(cta.url))


def _plain_text(body: Body, cta: CallToAction | None, footer: _Footer) -> str:
    button = [f"{cta.label}:\n{cta.url}"] if cta else []
    parts = [body.text, *button, "\n".join(footer.lines)]
    return "\n\n".join(part for part in parts if part) + "\n"
