"""Pages left in the UI: whole, capped, and nothing of a client's text can act in them."""

from __future__ import annotations

from pathlib import Path

from aicmo.execution.reconciling import Left, Onward, Reconciled
from aicmo.execution.report import ExecutionReport
from aicmo.packaging.assembly import BuiltPackage
from aicmo.storage.contract import StoredFile
from tasks.reconciliation import CrashedRuns, ProjectReconciled, reconciliation_page
from tasks.report_pages import (
    MOST_ROWS,
    escape,
    execution_page,
    execution_rows,
    package_page,
    problems_page,
    size,
)


def report_of(*results: dict[str, object], **facts: object) -> ExecutionReport:
    report = ExecutionReport(project_id="studio", **facts)  # type: ignore[arg-type]
    report.add_results(results)
    return report


def result(state: str, count: int, reason: str = "", **changes: object) -> dict[str, object]:
    return {
        "item": "mail-1", "title": "Launch", "channel": "email", "state": state, "reason": reason,
        "count": count,
    } | changes  # fmt: skip


def test_live_page_shows_the_balance_and_each_channel() -> None:
    report = report_of(
        result("sent", 41),
        result("skipped", 2, "unsubscribed"),
        result("held", 1, "no gateway for linkedin", channel="linkedin"),
        mode="live",
        items_sent_successfully=41,
    )

    page = execution_page(report)

    assert "The books balance: 44 planned = 41 sent + 2 skipped + 1 held" in page
    assert "| email | 41 | 2 |  |" in page
    assert "| linkedin |  |  | 1 |" in page
    assert "- skipped, unsubscribed: 2" in page


def test_a_published_post_has_a_link_that_leads_there() -> None:
    addresses = ["https://x.com/a_b_c/status/1", "", "https://evil.test/> <img src=x> `[a](b)"]
    published: list[dict[str, object]] = [
        {"item": "post_1", "channel": "twitter", "part": part, "url": url, "by_hand": not url}
        for part, url in enumerate(addresses, start=1)
    ]

    page = execution_page(report_of(result("sent", 3), mode="live", published=published))

    assert page.endswith(
        "## Published\n\n"
        "- post\\_1 \\(part 3\\) on X: <https://evil.test/%3E%20%3Cimg%20src=x%3E%20%60[a](b)>\n"
        "- post\\_1 \\(part 2\\) on X, by a person: address not known\n"
        "- post\\_1 on X: <https://x.com/a_b_c/status/1>"
    )


def test_what_came_back_is_told_beside_the_books() -> None:
    came_back = {"bounced": 3, "complained": 1}
    report = report_of(
        result("sent", 9), mode="live", items_sent_successfully=9, came_back=came_back
    )

    assert "9 planned = 9 sent\n\nCame back: 3 bounced, 1 complained." in execution_page(report)
    assert "Came back" not in execution_page(report_of(result("sent", 9), mode="live"))


def test_page_without_balance_says_so() -> None:
    assert "THE BOOKS DON'T BALANCE" in execution_page(report_of(mode="live", balanced=False))


def test_preview_page_says_that_nothing_was_sent() -> None:
    page = execution_page(report_of(result("previewed", 9), mode="preview"))

    assert "nothing was sent" in page
    assert "**9 would be sent**" in page


def test_client_text_stays_text() -> None:
    text = escape("<img src=x onerror=alert(1)> [a](javascript:b) | *x* ann@example.com\nnew")

    assert "<" not in text
    assert "](" not in text
    assert " \\| " in text
    assert "ann@example.com" not in text
    assert "\n" not in text


def test_rows_are_capped_and_say_so() -> None:
    report = report_of(*[result("sent", 1, item=f"mail-{n}") for n in range(MOST_ROWS + 5)])

    rows = execution_rows(report)

    assert len(rows) == MOST_ROWS + 1
    assert rows[-1]["item"] == "5 more rows: `aicmo report studio`"


def test_every_problem_has_its_line() -> None:
    page = problems_page("plan.yaml has 2 problems", ["items[3].send_at: late", "name: missing"])

    assert "- items\\[3\\].send\\_at: late" in page
    assert "- name: missing" in page


def test_package_page_links_what_is_stored_and_names_what_is_missing(tmp_path: Path) -> None:
    entry = {"name": "deck.pptx", "pages": 12, "size": 133_400, "warnings": []}
    manifest = {"plan_version": 2, "status": "internal draft", "files": [entry]}
    package = BuiltPackage("studio", "Northside | Studio", tmp_path, manifest, reused=False)
    stored = StoredFile("studio/ab/deck.pptx", "s3://b/studio/ab/deck.pptx", "ab", 1, reused=False)

    page = package_page(package, [stored], {"pdf": "no fonts"})

    assert "| [deck.pptx](<s3://b/studio/ab/deck.pptx>) | 12 | 133 kB |" in page
    assert "# Package for Northside \\| Studio" in page
    assert "- pdf: no fonts" in page
    assert "deck.pptx (not stored)" in package_page(package, [], {})


def test_doubts_are_listed_for_whoever_settles_them() -> None:
    left = (
        Left("email", "too young to ask about", Onward.RECONCILE, 3),
        Left("email", "<b>smtp</b> can't be asked", Onward.PERSON, 1_200),
    )
    studio = ProjectReconciled("studio", Reconciled(0, 5, 2, 1, 0, left))
    quiet = ProjectReconciled("quiet", Reconciled(0, 0, 0, 0, 0, ()))

    page = reconciliation_page([quiet, studio], CrashedRuns([4, 5], ["execute studio"]))

    assert "2 projects looked through.\n" in page
    assert "| studio | 2 | 1 | 0 |" in page
    assert (
        "| studio | email | 1,200 | &lt;b&gt;smtp&lt;/b&gt; can't be asked | a person |\n"
        "| studio | email | 3 | too young to ask about | the next reconciliation |" in page
    )
    assert page.count("`aicmo doubts ") == 1
    assert "- in the ledger: run 4, 5\n- in Prefect: execute studio" in page
    assert "quiet" not in page


def test_sizes() -> None:
    assert [size(999), size(133_400), size(1_260_000)] == ["999 B", "133 kB", "1.3 MB"]
