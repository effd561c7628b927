"""Claims must have a source; one without is flagged, in the package too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from aicmo.packaging.quality.finding import Finding, Hit, Passage

if TYPE_CHECKING:
    from aicmo.plans.document import ProjectDocument

_SUPERLATIVE = re.compile(
    r"""(?i:
      (?<!\ball\ )\bthe\ (?:very\ )?(?:best|leading|fastest|cheapest|largest|safest)\b(?!\ (?:of\ luck|way|time)\b)
    | \b(?:no\.|nr\.|n[°º]|núm\.|number|nummer|numéro|número)\ ?(?:1|one|eins|un|uno|um)\b | (?<![\w&])\#1\b
    | \b(?:guaranteed|world[- ]class|world['’]s\ (?:best|first)|award[- ]winning|clinically\ proven
      |scientifically\ proven|market\ leader|unbeatable|risk[- ]free)\b
    | \b(?:der|die|das)\ (?:beste|führende|größte|schnellste|günstigste)n?\b
    | \b(?:garantiert|marktführer|preisgekrönt|konkurrenzlos)\w*
    | \b(?:le\ meilleur|la\ meilleure|les\ meilleurs|garantie?s?|imbattables?|primée?s?)\b
    | \b(?:el\ mejor|la\ mejor|los\ mejores|garantizad[oa]s?|imbatibles?|líder\ del\ mercado)\b
    | \b(?:o\ melhor|a\ melhor|os\ melhores|garantid[oa]s?|imbatíve(?:l|is)|líder\ de\ mercado)\b )
    | 日本一 | 世界一 | 業界初 | 業界最[^\s]{1,3} | No\.\s?1 | ナンバーワン | 絶対に | 最安
    | सर्वश्रेष्ठ | नंबर\ (?:1|१|वन) | गारंटी | الأفضل | رقم\ (?:1|١|واحد) | مضمونة?
    """,
    re.VERBOSE,
)
_SHARE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s?(?:%|٪|％|percent\b|per cent\b|Prozent\b|pour cent\b|por ciento\b|por cento\b)"
    r"(?!\s?(?:off\b|discount|less\b|cheaper|Rabatt|günstiger|de réduction|de remise|de descuento"
    r"|de desconto|オフ|OFF|割引|छूट|خصم))",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(r"\b\d+(?:[.,]\d+)?\s?(?:x|×|times)\s(?:more|faster|better|cheaper)\b|\b\d+ (?:out of|in) \d+\b", re.IGNORECASE)  # fmt: skip


def sources(document: ProjectDocument) -> Iterator[Finding]:
    """Facts and measures of the strategy without source or baseline."""
    for at, fact in enumerate(document.market.facts):
        if fact.source is None:
            fix = "Name its source; until then the package says that it is to be confirmed"
            yield Finding("warning", "claim without source", f"market.facts[{at}]", fact.fact, fix)
    for at, kpi in enumerate(document.kpis):
        if kpi.source is None:
            fix = "Say where the number will be read"
            yield Finding("note", "measure without source", f"kpis[{at}]", kpi.name, fix)
        if kpi.baseline is None:
            fix = "Find out where it stands today"
            yield Finding("note", "measure without baseline", f"kpis[{at}]", kpi.name, fix)


def claims(document: ProjectDocument, passages: Iterable[Passage]) -> Iterator[Finding]:
    """Superlatives and figures in what goes out, unless a sourced fact has the same figure."""
    known = {fact.value for fact in document.market.facts if fact.source and fact.value is not None}
    fix = "Name a source among the market facts, or say less"
    for passage in passages:
        if not passage.place.startswith("items["):
            continue
        found = [*_SUPERLATIVE.finditer(passage.text), *_MULTIPLE.finditer(passage.text)]
        found += [one for one in _SHARE.finditer(passage.text) if _figure(one[1]) not in known]
        for one in sorted(found, key=lambda hit: hit.start()):
            yield Hit("claim without source", passage, *one.span(), fix).finding("warning")


def _figure(shown: str) -> Decimal:
    return Decimal(shown.replace(",", "."))
