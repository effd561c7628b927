"""A run's final state says what happened, and never more than that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aicmo.execution.reconciling import Left, Onward, Reconciled
from aicmo.execution.report import ExecutionReport
from flows.outcomes import (
    as_state,
    execution_outcome,
    is_late,
    needs_attention,
    package_outcome,
    reconciliation_outcome,
    skipped_late,
)
from tasks.reconciliation import CrashedRuns, ProjectReconciled

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "name", "succeeded"),
    [
        ({"mode": "disabled"}, "Disabled", True),
        (
            {"mode": "disabled", "errors": ["EXECUTION_ENABLED can't be read"]},
            "Needs attention",
            False,
        ),
        ({"mode": "preview", "items_previewed": 9}, "Previewed", True),
        ({"mode": "preview", "items_previewed": 9, "items_held": 2}, "Previewed", True),
        ({"mode": "preview", "errors": ["preview failed"]}, "Needs attention", False),
        ({"mode": "live", "items_sent_successfully": 9}, "Delivered", True),
        ({"mode": "live", "items_sent_successfully": 8, "items_held": 1}, "Partly delivered", True),
        (
            {"mode": "live", "items_sent_successfully": 8, "items_skipped": 1},
            "Partly delivered",
            True,
        ),
        (
            {"mode": "live", "items_sent_successfully": 8, "items_waiting": 1},
            "Partly delivered",
            True,
        ),
        (
            {"mode": "live", "items_sent_successfully": 8, "items_expired": 1},
            "Partly delivered",
            True,
        ),
        ({"mode": "live", "items_held": 9}, "Nothing sent", True),
        ({"mode": "live", "items_waiting": 9}, "Nothing sent", True),
        (
            {"mode": "live", "items_sent_successfully": 8, "items_failed": 1},
            "Needs attention",
            False,
        ),
        (
            {"mode": "live", "items_sent_successfully": 8, "items_unknown": 1},
            "Needs attention",
            False,
        ),
        (
            {"mode": "live", "items_sent_successfully": 9, "balanced": False},
            "Needs attention",
            False,
        ),
        ({"mode": "live", "items_sent_successfully": 9, "errors": ["x"]}, "Needs attention", False),
    ],
)
def test_name_of_an_execution(facts: dict[str, object], name: str, *, succeeded: bool) -> None:
    outcome = execution_outcome(ExecutionReport(project_id="studio", **facts))  # type: ignore[arg-type]

    assert (outcome.name, outcome.succeeded) == (name, succeeded)


def test_attention_says_why() -> None:
    report = ExecutionReport("studio", items_failed=2, items_unknown=1, mode="live", balanced=False)

    assert execution_outcome(report).message == "2 failed; 1 in doubt; the books don't balance"


@pytest.mark.parametrize(
    ("made", "stored", "failures", "name", "succeeded"),
    [
        (3, 4, {}, "Delivered", True),
        (2, 3, {"pdf": "no fonts"}, "Partly delivered", True),
        (0, 0, {"pdf": "no fonts"}, "Needs attention", False),
        (3, 0, {"store": "bucket refused"}, "Needs attention", False),
    ],
)
def test_name_of_a_package(
    made: int, stored: int, failures: dict[str, str], name: str, *, succeeded: bool
) -> None:
    outcome = package_outcome(made, stored, failures)

    assert (outcome.name, outcome.succeeded) == (name, succeeded)
    assert all(reason in outcome.message for reason in failures.values())


def project(*left: Left, present: int = 0, error: str = "") -> ProjectReconciled:
    found = Reconciled(0, present, present, 0, 0, left)
    return ProjectReconciled("studio", None if error else found, error)


FOR_A_PERSON = Left("email", "smtp can't be asked", Onward.PERSON, 12)
FOR_LATER = Left("email", "too young to ask about", Onward.RECONCILE, 3)


@pytest.mark.parametrize(
    ("found", "crashed", "name", "message"),
    [
        (project(), CrashedRuns(), "No doubts", "Nothing is in doubt."),
        (project(present=2), CrashedRuns(), "Reconciled", "2 closed."),
        (project(FOR_LATER), CrashedRuns(), "Reconciled", "3 left for a later run."),
        (project(), CrashedRuns([4]), "Reconciled", "Runs that died are marked now."),
        (
            project(FOR_LATER, FOR_A_PERSON, present=2), CrashedRuns(), "Needs attention",
            "12 in doubt in studio: `aicmo doubts studio`",
        ),
        (project(error="no table"), CrashedRuns(), "Needs attention", "studio: no table"),
    ],
)  # fmt: skip
def test_a_reconciliation_is_red_only_when_a_person_is_needed(
    found: ProjectReconciled, crashed: CrashedRuns, name: str, message: str
) -> None:
    outcome = reconciliation_outcome([found], crashed, [])

    assert (outcome.name, outcome.message) == (name, message)
    assert outcome.succeeded == (name != "Needs attention")


def test_a_reconciliation_without_prefects_answer_is_red() -> None:
    outcome = reconciliation_outcome([], CrashedRuns(), ["mark_crashed_runs failed: no answer"])

    assert (outcome.succeeded, outcome.message) == (False, "mark_crashed_runs failed: no answer")


def test_late_is_later_than_allowed() -> None:
    hour_ago = NOW - timedelta(minutes=60)

    assert not is_late(hour_ago, NOW, 60)
    assert is_late(hour_ago - timedelta(seconds=1), NOW, 60)
    assert not is_late(None, NOW, 60)


def test_states_are_red_only_when_a_person_is_needed() -> None:
    assert as_state(needs_attention("x")).is_failed()
    assert as_state(skipped_late(60)).is_completed()
    assert as_state(skipped_late(60)).name == "SkippedLate"
