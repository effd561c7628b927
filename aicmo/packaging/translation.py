"""The words that are ours in a package, in the project's language.

Messages are written in English in the code and looked up in gettext catalogues, one for each
language in `locales/`. A message that a catalogue lacks stays English, and a test finds it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALES = Path(__file__).parent / "locales"


@dataclass(frozen=True)
class Translation:
    """Says messages in one language.

    locale: by which numbers and dates are written, also where no catalogue is there.
    language: of the words: the catalogue's, `en` without one.
    """

    locale: Locale
    language: str
    _catalogue: NullTranslations

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way the words run."""
        return "rtl" if Locale.parse(self.language).text_direction == "rtl" else "ltr"

    def text(self, message: str, **values: Any) -> str:
        """The message with its `{names}` filled in."""
        return self._catalogue.gettext(message).format(**values)

    def plural(self, one: str, many: str, number: int, **values: Any) -> str:
        """The message for a number, which stands in it as `{number}`, written as the language does."""
        shown = format_decimal(number, locale=self.locale)
        return self._catalogue.ngettext(one, many, number).format(number=shown, **values)


@lru_cache(maxsize=32)
def translation(language: str) -> Translation:
    """How to speak a BCP 47 language: `pt-BR` finds the catalogue `pt`; without one it is English."""
    for tag in (language, language.partition("-")[0]):
        file = LOCALES / f"{tag}.po"
        if file.is_file():
            return Translation(locale_of(language), tag, _read(file, tag))
    return Translation(locale_of(language), "en", NullTranslations())


def locale_of(language: str) -> Locale:
    """Babel's locale for a BCP 47 tag; English where it knows none."""
    for tag in (language, language.partition("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _read(file: Path, tag: str) -> NullTranslations:
    with file.open("rb") as written:
        catalogue = read_po(written, locale=tag)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
