"""Project content for the document tests: a whole sample, hostile text, the bundled examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aicmo.packaging.content import ItemStatus, Ledger, ProjectContent
from aicmo.plans.document import ProjectDocument
from aicmo.plans.parsing import parse_yaml
from tests.documents.fixture_long import long_data
from tests.documents.fixture_sample import sample_data
from tests.documents.fixture_scripts import arabic_data, hindi_data, japanese_data

EXAMPLES = Path(__file__).parents[2] / "aicmo" / "plans" / "examples"
IMPORTED_AT = datetime(2026, 2, 20, 9, 30, tzinfo=UTC)


Theme = Literal["clear", "editorial"]


def content_of(
    data: dict[str, Any],
    *,
    approved: bool = False,
    executed: bool = False,
    theme: Theme = "clear",
) -> ProjectContent:
    """The data as content; `executed` gives every email results and holds the rest."""
    data = data | {"brand": data["brand"] | {"theme": theme}}
    document = ProjectDocument.model_validate(data).model_copy(update={"contacts": ()})
    statuses: dict[str, ItemStatus] = {}
    for item in document.items:
        if executed and item.channel == "email":
            status = ItemStatus(
                approved,
                {"sent": 41, "held": 2},
                {"outside the send window in America/Chicago until 08:00": 2},
            )
        elif executed:
            status = ItemStatus(approved, {"held": 1}, {f"no gateway for {item.channel}": 1})
        else:
            status = ItemStatus(approved)
        statuses[item.id] = status
    return ProjectContent(document, plan_version=3, imported_at=IMPORTED_AT, items=statuses)


def sample_content(
    *, approved: bool = False, executed: bool = False, theme: Theme = "clear"
) -> ProjectContent:
    """A project that uses every part of the schema."""
    return content_of(sample_data(), approved=approved, executed=executed, theme=theme)


def short_data() -> dict[str, Any]:
    """Only what a document must have."""
    brand = sample_data()["brand"]
    needed = ("name", "industry", "offer", "location", "colours")
    return {
        "schema_version": 1,
        "id": "short",
        "name": "First thoughts",
        "timezone": "Europe/Berlin",
        "language": "en",
        "starts_on": "2026-03-02",
        "ends_on": "2026-03-31",
        "brand": {name: brand[name] for name in needed},
        "objectives": [{"statement": "Be known in the neighbourhood"}],
        "market": {"primary": "People who live within a mile"},
        "strategy": {
            "summary": "Be seen where the neighbours are.",
            "pillars": [{"name": "Presence", "idea": "On the street, every Saturday"}],
        },
    }


def missing_data() -> dict[str, Any]:
    """A gap wherever one may be: no figure, source, baseline, owner, pillar, picture, budget."""
    item = {"channel": "instagram", "send_at": "2026-03-09T10:00"}
    posts = [{"brief": "The team at the door"}, {"alt_text": "A full class"}, {}]
    return short_data() | {
        "id": "gaps",
        "objectives": [
            {
                "statement": "Be known in the neighbourhood",
                "targets": [{"metric": "Visits", "target": 40, "unit": "per week"}],
            }
        ],
        "market": {
            "primary": "People who live within a mile",
            "facts": [{"fact": "They walk"}, {"fact": "Households", "value": 4000}],
        },
        "personas": [{"name": "The neighbour", "role": "Lives here", "wants": "A reason to come"}],
        "channels": [{"channel": "instagram", "role": "Shows the place"}],
        "phases": [{"name": "All of it", "starts_on": "2026-03-02", "ends_on": "2026-03-31"}],
        "themes": [{"slot": "Week 1", "theme": "Opening"}],
        "journeys": [{"name": "Welcome", "trigger": "first visit", "steps": ["Say hello"]}],
        "kpis": [{"name": "Visits", "target": 40, "unit": "per week"}],
        "topics": [{"title": "House rules"}],
        "open_questions": [{"question": "Who has the key?"}],
        "items": [
            item
            | {
                "id": f"gap-{at}",
                "title": f"Post {at}",
                "content": {"text": "Hello", "media": [media]},
            }
            for at, media in enumerate(posts, start=1)
        ],
    }


def short_content(*, theme: Theme = "clear") -> ProjectContent:
    """A project with nothing but what it must have: no items, figures or people."""
    return content_of(short_data(), theme=theme)


def missing_content(*, theme: Theme = "clear") -> ProjectContent:
    """A project with a gap wherever one may be."""
    return content_of(missing_data(), theme=theme)


def long_content(*, approved: bool = True, theme: Theme = "clear") -> ProjectContent:
    """150 items over four months, 40 personas, 60 measures."""
    return content_of(long_data(), approved=approved, theme=theme)


def rtl_content(*, approved: bool = False, theme: Theme = "clear") -> ProjectContent:
    """A project in Arabic."""
    return content_of(arabic_data(), approved=approved, theme=theme)


def cjk_content(*, approved: bool = False, theme: Theme = "clear") -> ProjectContent:
    """A project in Japanese."""
    return content_of(japanese_data(), approved=approved, theme=theme)


def hindi_content(*, approved: bool = False, theme: Theme = "clear") -> ProjectContent:
    """A project in Hindi."""
    return content_of(hindi_data(), approved=approved, theme=theme)


def results_content(*, theme: Theme = "clear") -> ProjectContent:
    """The sample after it was carried out: everything that can come of an item."""
    content = sample_content(approved=True, theme=theme)
    statuses = {
        "fit-em-1": ItemStatus(
            approved=True,
            counts={"sent": 1041, "unknown": 1, "skipped": 12, "held": 2},
            reasons={"unsubscribed": 9, "hard bounced": 3, "no consent": 2, "no answer": 1},
            first_sent_at=datetime(2026, 3, 3, 13, 30, tzinfo=UTC),
            last_sent_at=datetime(2026, 3, 3, 13, 52, tzinfo=UTC),
            feedback={"bounced": 4, "unsubscribed": 6, "complained": 1},
        ),
        "fit-li-1": ItemStatus(
            approved=True,
            counts={"sent": 1},
            first_sent_at=datetime(2026, 3, 5, 15, 0, tzinfo=UTC),
            last_sent_at=datetime(2026, 3, 5, 15, 0, tzinfo=UTC),
            links=("https://www.linkedin.com/feed/update/urn:li:share:7001/",),
        ),
        "fit-crm-1": ItemStatus(
            approved=True, counts={"failed": 3}, reasons={"422 unknown property": 3}
        ),
        "fit-ig-1": ItemStatus(approved=True, counts={"waiting": 1}),
    }
    return replace(content, items=statuses, ledger=Ledger((), 57, "0123456789abcdef" * 4))


ALL_CONTENTS: dict[str, Callable[..., ProjectContent]] = {
    "short": short_content,
    "sample": sample_content,
    "long": long_content,
    "rtl": rtl_content,
    "cjk": cjk_content,
    "hindi": hindi_content,
    "missing": missing_content,
    "results": results_content,
}
"""Every kind of content; each function takes `theme`, too."""


def example_names() -> list[str]:
    """The bundled examples, by file name without its ending."""
    return sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


def example_content(name: str, *, approved: bool = False, executed: bool = False) -> ProjectContent:
    """A bundled example project."""
    data = parse_yaml((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"), name)
    content = content_of(data, approved=approved, executed=executed)
    posts = [item.content for item in content.document.items if item.content.kind == "post"]
    media = frozenset(each.source for post in posts for each in post.media)
    return replace(content, imported=media)


def hostile_text(port: int, canary: Path) -> str:
    """What an attacker would write into a field: markup, a template, style, addresses."""
    url = f"http://127.0.0.1:{port}/x"
    return (
        f"</style></title><script>fetch('{url}')</script><img src={url} onerror=alert(1)>"
        f'"; }} @import "{url}"; p {{ background: url({url}) }} {{{{7*7}}}} {{% raw %}}'
        f"<link rel=attachment href=file://{canary}><svg><image href='{url}'/></svg> & done"
    )


def with_hostile_text(data: dict[str, Any], text: str) -> dict[str, Any]:
    """The data with `text` after every text that people write."""
    kept = {"id", "timezone", "language", "email", "url", "link", "website", "typeface", "primary"}
    kept |= {"accent", "channel", "audience", "send_at", "send_until", "currency", "tier", "action"}
    kept |= {"better", "format", "kind", "starts_on", "ends_on", "channels", "unit"}

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: one if k in kept else change(one) for k, one in value.items()}
        if isinstance(value, list):
            return [change(one) for one in value]
        return f"{value} {text}"[:500] if isinstance(value, str) else value

    return change(data)
