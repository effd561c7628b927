"""The sample project: every part of the schema, as plain data."""

from __future__ import annotations

from typing import Any


def sample_data() -> dict[str, Any]:
    """A project document that uses every part of the schema, as plain data."""
    return {
        "schema_version": 1,
        "id": "sample-studio",
        "name": "Membership launch plan",
        "timezone": "America/Chicago",
        "language": "en",
        "starts_on": "2026-03-02",
        "ends_on": "2026-05-30",
        "brand": {
            "name": "Northside Strength Studio",
            "industry": "Fitness and wellness",
            "offer": "Hybrid yoga and HIIT classes of 50 minutes",
            "location": "Austin, TX, USA",
            "voice": ["motivating", "community-minded", "energetic"],
            "position": "The only local studio that mixes yoga and HIIT.",
            "website": "https://northside.example.com",
            "colours": {"primary": "#143d59", "accent": "#f4b41a"},
            "footer": "Confidential",
            "agency": {"name": "Harbour & Finch", "show": True},
        },
        "objectives": [
            {
                "statement": "Reach 200 active members",
                "horizon_days": 90,
                "targets": [
                    {"metric": "Active members", "target": 200, "unit": "by day 90"},
                    {"metric": "Walk-ins lost", "change": -30, "baseline": 20, "unit": "%"},
                ],
            }
        ],
        "market": {
            "primary": "Busy professionals aged 28–45 who want effective workouts",
            "secondary": "Corporate wellness programmes",
            "needs": ["Sessions under an hour", "Community"],
            "barriers": ["Work overruns", "Contracts that bind"],
            "facts": [
                {"fact": "Gyms and studios in the city", "value": 200, "unit": "or more"},
                {
                    "fact": "Professionals who want short sessions",
                    "value": 65,
                    "unit": "%",
                    "source": "City health survey 2025",
                },
            ],
        },
        "strategy": {
            "summary": "Be noticed locally, turn trials into members, keep them by challenges.",
            "big_idea": "Mind and muscle inside a lunch break",
            "message": {
                "core": "Fitness and focus in 50 minutes",
                "proof": ["50-minute format", "Classes at 06:00, 12:00 and 18:00"],
            },
            "pillars": [
                {"name": "Two-in-one value", "idea": "Yoga and HIIT in one class"},
                {
                    "name": "Convenience",
                    "idea": "50 minutes, prime slots",
                    "detail": "Book by thumb.",
                },
                {"name": "Community", "idea": "Events, challenges, connection"},
            ],
            "concepts": [
                {
                    "name": "Lunch-break stories",
                    "cadence": "weekly",
                    "content": "Members film their lunch break.",
                    "drives": "trial bookings",
                }
            ],
        },
        "personas": [
            {
                "name": "The noon escapee",
                "role": "Product manager, 34",
                "wants": "One bookable 50-minute slot",
                "objection": "I will miss classes when work overruns",
                "channels": ["instagram", "email"],
            }
        ],
        "segments": [{"name": "Trial, not joined", "rule": "one class, no plan", "aim": "join"}],
        "offers": [
            {
                "name": "Founder price",
                "detail": "For good, while the membership lasts.",
                "price": 99,
                "regular_price": 129,
                "currency": "USD",
                "per": "month",
                "limit": "First 100 sign-ups",
            }
        ],
        "channels": [
            {
                "channel": "email",
                "role": "Turns interest into a booking",
                "cadence": "twice a month",
                "kill_criterion": "Under 15% opens for four weeks",
            },
            {"channel": "paid search", "role": "Captures intent"},
        ],
        "phases": [
            {
                "name": "Awareness",
                "starts_on": "2026-03-02",
                "ends_on": "2026-03-31",
                "tactics": ["Launch event", "Five wellness partners"],
            },
            {
                "name": "Conversion",
                "starts_on": "2026-04-01",
                "ends_on": "2026-05-30",
                "tactics": ["First class free"],
            },
        ],
        "themes": [
            {
                "slot": "Weeks 1–4",
                "theme": "Brand launch",
                "channels": ["email", "linkedin"],
                "messages": ["Hybrid format", "Convenience"],
                "cta": "Book a free class",
            }
        ],
        "journeys": [
            {
                "name": "Welcome",
                "trigger": "first booking",
                "steps": ["Day 0: confirm", "Day 3: how was it?"],
                "incentive": "A guest pass",
                "target": {"metric": "second visit", "target": 60, "unit": "%"},
            }
        ],
        "work_plan": [{"when": "Days 1–10", "tasks": ["Finish brand assets", "Sign partners"]}],
        "kpis": [
            {
                "name": "Trial to member",
                "baseline": 28.5,
                "target": 40,
                "unit": "% or more",
                "source": "Booking system",
            },
            {"name": "Sales closed", "target": 12, "target_max": 15, "unit": "per month"},
            {
                "name": "Cost per trial",
                "target": 30,
                "unit": "USD or less",
                "tier": "secondary",
                "better": "lower",
            },
        ],
        "funnel": [
            {"name": "Studio visits", "count": 500},
            {
                "name": "Trial classes",
                "count": 250,
                "rate": 50,
                "cost_each": 30,
                "budget_line": "Paid social",
            },
            {"name": "New members", "count": 100, "rate": 40},
        ],
        "retention": {"monthly_churn": 4, "months": 12, "target": 60},
        "budget": {
            "currency": "USD",
            "total": 20000,
            "period": "90 days",
            "lines": [
                {"name": "Paid social", "amount": 8000},
                {"name": "Partnerships and events", "amount": 6000, "note": "Two launch events"},
                {"name": "Content and creative", "amount": 4000},
            ],
        },
        "topics": [
            {
                "title": "First-visit protocol",
                "text": "How a guest is received.",
                "points": ["Greet by name", "Show the changing rooms"],
            }
        ],
        "risks": ["The launch event falls into a holiday week"],
        "language_rules": {"must_not_mention": ["ProductHunt"]},
        "open_questions": [
            {
                "question": "Who films the reels?",
                "needed_for": "Instagram",
                "owner": "Studio manager",
            }
        ],
        "audiences": [{"id": "aud-all", "name": "Founders list", "everyone": True}],
        "items": [
            {
                "id": "fit-em-1",
                "channel": "email",
                "title": "Founder price opens",
                "send_at": "2026-03-03T07:30",
                "audience": "aud-all",
                "pillar": "Convenience",
                "theme": "Brand launch",
                "content": {
                    "subject": "50 minutes. Founder price. 100 places.",
                    "preheader": "The first hundred pay less, for good",
                    "body": 'Hello {{ contact.first_name | default("there") }},\n\n'
                    "the **doors open** on Monday. [See the plan](https://northside.example.com/p)."
                    "\n\n- yoga *and* HIIT\n- no contract\n",
                    "cta": {
                        "label": "Claim a founder place",
                        "url": "https://northside.example.com/f",
                    },
                },
            },
            {
                "id": "fit-li-1",
                "channel": "linkedin",
                "title": "Lunch-and-learn for offices",
                "send_at": "2026-03-05T09:00-06:00",
                "send_until": "2026-03-05T18:00-06:00",
                "pillar": "Community",
                "content": {
                    "text": "Your team sits for eight hours.\n\nWe bring fifty minutes. #wellness",
                    "link": "https://northside.example.com/offices",
                },
            },
            {
                "id": "fit-ig-1",
                "channel": "instagram",
                "title": "Doors reel",
                "send_at": "2026-04-02T12:05",
                "content": {
                    "format": "reel",
                    "text": "Doors open. Naïve about burpees? Żaneta isn’t – €0 to try.",
                    "media": [{"brief": "Fifteen seconds of the first class"}],
                },
            },
            {
                "id": "fit-crm-1",
                "channel": "crm",
                "title": "Mark trials for the founder deadline",
                "send_at": "2026-03-31T09:00",
                "audience": "aud-all",
                "content": {"action": "add_tag", "tag": "founder-deadline"},
            },
        ],
    }
