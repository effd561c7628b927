"""A project of a size that a year's engagement has: 150 items, 40 personas, 60 measures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

_FIRST = date(2026, 3, 2)
_CHANNELS = ("email", "linkedin", "instagram", "x", "crm")
_PILLARS = ("Two-in-one value", "Convenience", "Community", "Proof", "Belonging")
_SENTENCES = (
    "The doors open before the offices do, and the last class ends after the last train.",
    "Nobody is asked to be fit before they come: that is what the fifty minutes are for.",
    "A member who brings a colleague trains with somebody who notices when they are missing.",
    "What is booked by thumb is cancelled by thumb, until an hour before, without a fee.",
    "The instructors write down what each guest said at the first visit, and ask about it at the third.",
    "Offices within ten minutes’ walk get a room of their own on Tuesdays, with showers until two.",
    "Prices are on the door, on the page and on the receipt, and they are the same everywhere.",
)


def long_data() -> dict[str, Any]:
    """Four months with everything in quantity; each text differs."""
    return {
        "schema_version": 1,
        "id": "long-haul",
        "name": "Membership growth plan across four studios and their neighbourhoods",
        "timezone": "America/Chicago",
        "language": "en-US",
        "starts_on": "2026-03-02",
        "ends_on": "2026-06-30",
        "brand": {
            "name": "Northside Strength Studio and Wellness Collective of Greater Austin",
            "industry": "Fitness and wellness",
            "offer": _text(2),
            "location": "Austin, TX, USA",
            "voice": ["motivating", "community-minded", "energetic"],
            "position": _text(3),
            "website": "https://northside.example.com",
            "colours": {"primary": "#143d59", "accent": "#f4b41a"},
            "footer": "Confidential, for the owners and their advisers",
        },
        "objectives": [_objective(number) for number in range(1, 5)],
        "market": _market(),
        "strategy": {
            "summary": _text(5),
            "big_idea": "Mind and muscle inside a lunch break, in every neighbourhood",
            "message": {"core": "Fitness and focus in 50 minutes", "proof": list(_SENTENCES)},
            "pillars": [
                {"name": name, "idea": _text(2, at), "detail": _text(4, at)}
                for at, name in enumerate(_PILLARS)
            ],
            "concepts": [
                {"name": f"Series {at}", "cadence": "weekly", "content": _text(3, at)}
                for at in range(1, 13)
            ],
        },
        "personas": [_persona(number) for number in range(1, 41)],
        "segments": [
            {"name": f"Segment {at}", "rule": _SENTENCES[at % 7], "aim": "join"}
            for at in range(1, 16)
        ],
        "channels": [
            {
                "channel": name,
                "role": _text(1, at),
                "cadence": f"{at + 1} times a week",
                "kill_criterion": f"Under {at + 2}% response for four weeks",
            }
            for at, name in enumerate((*_CHANNELS, "paid search", "out of home", "events"))
        ],
        "phases": [_phase(number) for number in range(6)],
        "themes": [
            {
                "slot": f"Week {at}",
                "theme": f"Theme of week {at}",
                "channels": ["email", "linkedin"],
                "messages": [_SENTENCES[at % 7], _SENTENCES[(at + 3) % 7]],
                "cta": "Book a class",
            }
            for at in range(1, 18)
        ],
        "journeys": [
            {"name": f"Journey {at}", "trigger": f"event {at}", "steps": list(_SENTENCES[:4])}
            for at in range(1, 9)
        ],
        "work_plan": [
            {"when": f"Days {at * 10 + 1}–{at * 10 + 10}", "tasks": list(_SENTENCES[:3])}
            for at in range(12)
        ],
        "kpis": [_kpi(number) for number in range(1, 61)],
        "budget": {
            "currency": "USD",
            "total": 105000,
            "period": "four months",
            "lines": [
                {"name": f"Budget line {at}", "amount": at * 1000, "note": _SENTENCES[at % 7]}
                for at in range(1, 15)
            ],
        },
        "topics": [
            {"title": f"Protocol {at}", "text": _text(4, at), "points": list(_SENTENCES)}
            for at in range(1, 5)
        ],
        "risks": [f"Risk {at}: {_SENTENCES[at % 7]}" for at in range(1, 21)],
        "open_questions": [
            {"question": f"Question {at}: who decides?", "needed_for": f"Theme of week {at}"}
            for at in range(1, 16)
        ],
        "audiences": [{"id": "all", "name": "Everybody who agreed", "everyone": True}],
        "items": [_item(number) for number in range(150)],
    }


def _text(sentences: int, at: int = 0) -> str:
    return " ".join(_SENTENCES[(at + number) % len(_SENTENCES)] for number in range(sentences))


def _objective(number: int) -> dict[str, Any]:
    targets = [
        {"metric": f"Goal {number}.{at}", "baseline": at * 10, "target": at * 25, "unit": "members"}
        for at in range(1, 4)
    ]
    return {"statement": f"Objective {number}: {_text(1, number)}", "targets": targets}


def _market() -> dict[str, Any]:
    return {
        "primary": _text(2),
        "secondary": _text(1, 3),
        "needs": [f"Need {at}: {_SENTENCES[at % 7]}" for at in range(1, 13)],
        "barriers": [f"Barrier {at}: {_SENTENCES[at % 7]}" for at in range(1, 13)],
        "facts": [
            {"fact": f"Fact {at}", "value": at * 3, "unit": "%", "source": f"Survey {at}"}
            for at in range(1, 26)
        ],
    }


def _persona(number: int) -> dict[str, Any]:
    return {
        "name": f"Persona {number}",
        "role": f"Works in office {number}",
        "wants": _text(3, number),
        "objection": _text(2, number + 2),
        "channels": ["instagram", "email"],
    }


def _phase(number: int) -> dict[str, Any]:
    first = _FIRST + timedelta(days=20 * number)
    return {
        "name": f"Phase {number + 1}",
        "starts_on": first.isoformat(),
        "ends_on": (first + timedelta(days=19)).isoformat(),
        "tactics": list(_SENTENCES[:5]),
    }


def _kpi(number: int) -> dict[str, Any]:
    kpi: dict[str, Any] = {
        "name": f"Measure {number}",
        "target": 20 + number,
        "unit": "%",
        "tier": "primary" if number <= 10 else "secondary",
        "source": "Booking system",
    }
    return kpi | ({"baseline": 10 + number} if number % 3 else {})


def _item(number: int) -> dict[str, Any]:
    channel = _CHANNELS[number % len(_CHANNELS)]
    day = _FIRST + timedelta(days=number * 120 // 150)
    item: dict[str, Any] = {
        "id": f"long-{number}",
        "channel": channel,
        "title": f"Piece {number + 1}: {_SENTENCES[number % 7][:40].rpartition(' ')[0]}",
        "send_at": f"{day}T{8 + number % 12:02}:{number % 4 * 15:02}",
        "pillar": _PILLARS[number % len(_PILLARS)],
        "theme": f"Theme of week {number * 17 // 150 + 1}",
        "content": _content(channel, number),
    }
    return item | ({"audience": "all"} if channel in ("email", "crm") else {})


def _content(channel: str, number: int) -> dict[str, Any]:
    if channel == "crm":
        return {"action": "add_tag", "tag": f"wave-{number}", "note": _text(1, number)}
    if channel == "email":
        link = f"https://northside.example.com/{number}"
        return {
            "subject": f"Piece {number + 1}",
            "preheader": _SENTENCES[number % 7],
            "body": f"Hello {{{{ contact.first_name }}}},\n\n{_text(5, number)}\n\n- one\n- two\n",
            "cta": {"label": "Book a class", "url": link},
        }
    return {"text": _text(2, number)[:270], "media": []}
