"""What `aicmo package diff` says: every kind of change, in words, and nothing where nothing changed."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from aicmo.packaging.comparison import Snapshot, compare_packages
from aicmo.packaging.content import ItemStatus, ProjectContent
from aicmo.packaging.project_data import project_json
from tests.documents.fixtures import content_of, sample_data

PDF = {"format": "pdf", "name": "strategy.pdf", "pages": 20, "size": 4000, "sha256": "a" * 64}
PICTURE = {"format": "", "name": "previews/strategy-01.webp", "pages": 0, "size": 1, "sha256": "b"}
MANIFEST: dict[str, Any] = {
    "status": "internal draft",
    "plan_version": 1,
    "client": "Northside",
    "files": [PDF, PICTURE],
    "missing": [],
    "made_with": {"weasyprint": "70.0"},
}


def snapshot(content: ProjectContent, **changes: Any) -> Snapshot:
    return Snapshot(deepcopy(MANIFEST) | changes, json.loads(project_json(content)))


def told(before: Snapshot, after: Snapshot) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in compare_packages(before, after):
        found.setdefault(change.about, []).append(change.text)
    return found


def test_nothing_is_said_where_nothing_changed() -> None:
    same = snapshot(content_of(sample_data()))
    assert compare_packages(same, same) == ()


def test_items_are_told_by_their_titles_and_fields() -> None:
    data = sample_data()
    data["items"][0]["content"]["subject"] = "The founder price opens"
    data["items"][0]["content"]["body"] = "x" * 500
    data["items"][1]["send_at"] = "2026-03-06T09:00-06:00"
    data["items"][1].pop("send_until")
    removed = data["items"].pop(2)
    data["items"].append(removed | {"id": "fit-ig-2", "title": "Second reel"})
    data["personas"][0]["name"] = "The early riser"
    found = told(snapshot(content_of(sample_data())), snapshot(content_of(data)))
    subject = "50 minutes. Founder price. 100 places. → The founder price opens"
    moved = "2026-03-05T09:00-06:00 → 2026-03-06T09:00-06:00"
    open_end = "2026-03-05T18:00-06:00 → none"
    assert found["Plan"] == [
        f"Founder price opens (fit-em-1) changed: content.body changed; content.subject {subject}",
        f"Lunch-and-learn for offices (fit-li-1) changed: send_at {moved}; send_until {open_end}",
        "Second reel (fit-ig-2) added",
        "Doors reel (fit-ig-1) withdrawn",
        "personas changed",
    ]


def test_measures_and_money_are_told_in_numbers() -> None:
    data = sample_data()
    data["kpis"][0]["target"] = 45
    del data["kpis"][2]
    data["budget"]["total"] = "20000.00"
    data["budget"]["lines"][0]["amount"] = 9000
    data["budget"]["lines"].append({"name": "Print", "amount": 500})
    found = told(snapshot(content_of(sample_data())), snapshot(content_of(data)))
    assert found == {
        "Numbers": [
            "KPI Trial to member: target 40 → 45",
            "KPI Cost per trial removed",
            "budget line Paid social: amount 8000 → 9000",
            "budget line Print added",
        ]
    }


def test_a_budget_that_is_new_or_gone_is_told() -> None:
    data = sample_data()
    del data["budget"]
    without, with_it = snapshot(content_of(data)), snapshot(content_of(sample_data()))
    assert "budget total none → 20000" in told(without, with_it)["Numbers"]
    assert "budget line Paid social removed" in told(with_it, without)["Numbers"]


def test_approvals_and_results_are_told() -> None:
    before = content_of(sample_data())
    after = replace(
        before,
        items=before.items
        | {
            "fit-em-1": ItemStatus(approved=True, counts={"sent": 41, "held": 2}),
            "fit-li-1": ItemStatus(approved=False, counts={"waiting": 1}),
        },
    )
    found = told(snapshot(before), snapshot(after))
    assert found == {
        "Approvals": ["Founder price opens (fit-em-1) is approved"],
        "Results": ["Founder price opens (fit-em-1): held 0 → 2, sent 0 → 41"],
    }
    back = told(snapshot(after), snapshot(before))
    assert back["Approvals"] == ["Founder price opens (fit-em-1) is no longer approved"]


def test_files_status_and_tools_are_told_but_not_each_picture() -> None:
    content = content_of(sample_data())
    after = snapshot(
        content,
        status="final",
        plan_version=2,
        files=[PDF | {"pages": 22, "size": 5000, "sha256": "c" * 64}, PICTURE | {"sha256": "d"}],
        missing=[{"format": "pptx", "name": "deck.pptx", "reason": "no ink"}],
        made_with={"weasyprint": "70.1"},
    )
    assert told(snapshot(content), after) == {
        "Status": ["status internal draft → final", "plan version 1 → 2"],
        "Files": [
            "strategy.pdf changed; pages 20 → 22; bytes 4000 → 5000",
            "deck.pptx is missing: no ink",
        ],
        "Made with": ["weasyprint 70.0 → 70.1"],
    }


def test_findings_that_came_and_went_are_told() -> None:
    content = content_of(sample_data())

    def finding(evidence: str) -> dict[str, str]:
        return {"severity": "blocker", "rule": "r", "place": "budget", "evidence": evidence}

    one = snapshot(content)
    before = replace(one, findings=[finding("18,000 of 20,000"), finding("stays")])
    after = replace(one, findings=[finding("stays"), finding("TBD")])
    assert told(before, after)["Quality"] == [
        "new blocker at budget: TBD",
        "gone: blocker at budget: 18,000 of 20,000",
    ]


@pytest.mark.parametrize("before_has", [True, False])
def test_the_brand_and_its_files_are_told(*, before_has: bool) -> None:
    data = sample_data()
    data["brand"]["typeface"] = "serif"
    data["brand"]["colours"]["accent"] = "#c0392b"
    plain, restyled = content_of(sample_data()), content_of(data)
    with_logo = {"logo.png": b"one"}
    before = replace(plain, files=with_logo if before_has else {})
    after = replace(restyled, files={"logo.png": b"two"})
    assert told(snapshot(before), snapshot(after))["Brand"] == [
        "colours changed",
        "typeface sans → serif",
        "logo.png changed" if before_has else "logo.png added",
    ]
