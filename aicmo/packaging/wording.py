"""Dates, numbers and money as the client's language writes them, and text as a client reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    get_datetime_format,
    get_timezone_name,
)
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent, is_currency
from markdown_it import MarkdownIt

from aicmo.channels import Channel, parse_channel
from aicmo.packaging.translation import Translation, translation
from aicmo.plans.times import resolve, zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from babel import Locale
    from markdown_it.token import Token

    from aicmo.plans.document import ProjectDocument
    from aicmo.plans.items import Item

CHANNEL_NAMES = {
    Channel.EMAIL: "Email",
    Channel.LINKEDIN: "LinkedIn",
    Channel.INSTAGRAM: "Instagram",
    Channel.TWITTER: "X (Twitter)",
    Channel.BLUESKY: "Bluesky",
    Channel.MASTODON: "Mastodon",
    Channel.CRM: "CRM",
}
_FULL_STOPS = {"ja": "。", "zh": "。", "hi": "।"}
_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_WITHOUT_SPACES = ("ja", "zh")
_MERGE_FIELD = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes words and values in one language; moments are in the client's time zone."""

    translation: Translation
    zone: ZoneInfo

    @classmethod
    def of(cls, document: ProjectDocument) -> Wording:
        return cls(translation(document.language), zone(document.timezone))

    @property
    def locale(self) -> Locale:
        return self.translation.locale

    def text(self, message: str, **values: Any) -> str:
        """A message of ours, see `Translation.text`."""
        return self.translation.text(message, **values)

    def plural(self, one: str, many: str, number: int, **values: Any) -> str:
        """A message of ours for a number, see `Translation.plural`."""
        return self.translation.plural(one, many, number, **values)

    def listing(self, words: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b, and c`."""
        return format_list(words, locale=self.locale) if words else ""

    def channels(self, written: Iterable[str]) -> str:
        return self.listing([channel_name(one) for one in written])

    def sentence(self, text: str) -> str:
        """The text with a full stop, unless it already ends in a mark of its own."""
        text = text.strip()
        return text if text.endswith(_ENDS) else text + _FULL_STOPS.get(self.locale.language, ".")

    def sentences(self, said: Iterable[str]) -> str:
        """One after the other, as one paragraph."""
        return ("" if self.translation.language in _WITHOUT_SPACES else " ").join(said)

    def number(self, value: Decimal | int) -> str:
        return format_decimal(value, locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """The amount; without decimals if it is whole."""
        if amount == amount.to_integral_value():
            pattern = re.sub(r"0[.,]00", "0", self.locale.currency_formats["standard"].pattern)
            return format_currency(
                amount, currency, format=pattern, locale=self.locale, currency_digits=False
            )
        return format_currency(amount, currency, locale=self.locale)

    def share(self, part: Decimal, whole: Decimal) -> str:
        return format_percent(part / whole, locale=self.locale) if whole else ""

    def measure(self, value: Decimal, unit: str, most: Decimal | None = None) -> str:
        """`40% or more`, `$30 or less`, `12–15 per month`."""
        return " ".join(self.amount_and_unit(value, unit, most)).strip()

    def amount_and_unit(
        self, value: Decimal, unit: str, most: Decimal | None = None
    ) -> tuple[str, str]:
        """The amount with its sign (`40%`, `$30`, `12–15`), and what is left of the unit."""
        head, _, rest = unit.partition(" ")
        signed = head == "%" or is_currency(head)
        low = self._amount(value, head)
        amount = low if most is None else f"{self.number(value)}–{self._amount(most, head)}"
        return amount, rest if signed else unit

    def change(self, value: Decimal, unit: str) -> str:
        """A wanted change with its sign: `+10%`, `−30%`."""
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return sign + self.measure(abs(value), unit)

    def _amount(self, value: Decimal, head: str) -> str:
        if head == "%":
            pattern = re.sub(r"0(?=\s*%)", "0.##", self.locale.percent_formats[None].pattern)
            return format_percent(value / 100, format=pattern, locale=self.locale)
        return self.money(value, head) if is_currency(head) else self.number(value)

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def days(self, first: date, last: date) -> str:
        """A stretch of days, nothing in it written twice: `Mar 2 – May 30, 2026`."""
        if first == last:
            return self.day(first)
        stretch = format_interval(first, last, "yMMMMd", locale=self.locale)
        return stretch.replace("\u2009", " ")  # a thin space, which many fonts don't have

    def month(self, day: date) -> str:
        return format_skeleton("yMMMM", day, locale=self.locale)

    def time(self, moment: datetime) -> str:
        """The time of day: `7:30 AM`."""
        return format_time(moment, "short", locale=self.locale, tzinfo=self.zone)

    def moment(self, moment: datetime, *, with_year: bool = True) -> str:
        """Weekday, day and time: `Tue, Mar 3, 2026, 7:30 AM`."""
        local = moment.astimezone(self.zone)
        day = format_skeleton("yMMMEd" if with_year else "MMMEd", local, locale=self.locale)
        both = get_datetime_format("medium", locale=self.locale)
        return str(both).replace("{1}", day).replace("{0}", self.time(local))

    def zone_name(self) -> str:
        return get_timezone_name(self.zone, locale=self.locale)

    def sends_at(self, item: Item) -> datetime:
        """When an item goes out, by the client's clocks."""
        return self.read(item.send_at, item)

    def read(self, written: str, item: Item) -> datetime:
        """A time of an item, by the client's clocks."""
        return resolve(written, item.timezone or self.zone.key).astimezone(self.zone)


def channel_name(written: str) -> str:
    """A channel's proper name; one that AICMO doesn't know stays as the client wrote it."""
    channel = parse_channel(written)
    return CHANNEL_NAMES[channel] if channel else written[:1].upper() + written[1:]


def client_text(text: str, say: Wording) -> str:
    """Text as it is printed: merge fields in words, so that no `{{` is left.

    `{{ contact.first_name | default("there") }}` becomes `[first name]`.
    """
    text = _MERGE_FIELD.sub(lambda found: f"[{_field_in_words(found[1], say)}]", text)
    text = text.replace("{{", "[").replace("}}", "]")
    # Babel's narrow no-break space is missing from many fonts, also from those a deck falls back to.
    return text.replace("\u202f", "\u00a0")


def _field_in_words(written: str, say: Wording) -> str:
    match written.partition("|")[0].strip().removeprefix("contact."):
        case "first_name":
            return say.text("first name")
        case "name":
            return say.text("name")
        case name:
            return name.replace("_", " ")


def plain_text(markdown: str) -> str:
    """Markdown without its marks: paragraphs by blank lines, list points with `•` or a number."""
    return "\n".join(_lines(MarkdownIt("commonmark").parse(markdown))).strip()


def _lines(tokens: Sequence[Token]) -> list[str]:
    lines: list[str] = []
    marker = ""
    numbers: list[int] = []  # of each open list: its next number, 0 for a list of points
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                numbers.append(0)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                lines += [] if numbers else [""]
            case "list_item_open":
                marker = f"{numbers[-1]}. " if numbers[-1] else "• "
                numbers[-1] += 1 if numbers[-1] else 0
            case "inline":
                text = _inline(token.children or [])
                lines += [marker + text.replace("\n", " ")] if numbers else [text, ""]
                marker = ""
            case "fence" | "code_block" | "html_block":
                lines += [token.content.strip(), ""]
            case _:
                pass
    return lines


def _inline(tokens: Sequence[Token]) -> str:
    text, targets = "", list[str]()
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            text += " " if token.type == "softbreak" else "\n"
        elif token.type == "link_open":
            targets.append(str(token.attrGet("href") or ""))
        elif token.type == "link_close":
            target = targets.pop()
            text += "" if text.endswith(target) else f" ({target})"
        else:
            text += token.content
    return text
