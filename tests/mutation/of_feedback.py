"""Taking away what keeps a stranger's report from suppressing anybody, or a real one from counting."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_FEEDBACK, _REPORTS = "unit/test_feedback.py::", "unit/test_mail_reports.py::"
_HOSTILE = _FEEDBACK + "test_hostile_reports_suppress_nobody_and_stay_where_they_are"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
        return Mutant(name, prevents, f"aicmo/{file}", text, instead, tests)

    return of


_feedback, _proven = _in("execution/feedback.py"), _in("execution/proven.py")
_reports, _dkim = _in("gateways/mail_reports.py"), _in("gateways/dkim_signing.py")
_journal, _imap = _in("gateways/journal_mailbox.py"), _in("gateways/imap_session.py")

MUTANTS = (
    _feedback(
        "feedback: the token's hash", "whoever reads the ledger can forge a bounce",
        "hashes = (feedback_sha256(token) for token in report.tokens)",
        "hashes = report.tokens",
        _FEEDBACK + "test_a_hard_bounce_suppresses_the_address_at_once",
    ),
    _feedback(
        "feedback: the recipient's own address", "a recipient suppresses another one",
        "self._by_id = {(each.token, each.recipient): each for each in found}",
        "self._by_id = {(each.token, who): each for each in found "
        "for who in {one for report in others for one in report.recipients}}",
        _HOSTILE,
    ),
    _feedback(
        "feedback: not from before it was sent", "an old report counts against a new email",
        "                continue\n            return delivery\n",
        "                pass\n            return delivery\n",
        _HOSTILE,
    ),
    _feedback(
        "feedback: not the journal's copy", "a full archive suppresses every contact",
        "if delivery is None or self._is_about_a_copy(report, delivery):", "if delivery is None:",
        _FEEDBACK + "test_what_the_journals_copy_bounces_is_about_no_contact",
    ),
    _feedback(
        "feedback: once per report", "each reading of the mailbox counts again",
        "        if _is_known(session, delivery.delivery_id, report.kind, source):\n"
        "            return None\n", "",
        _FEEDBACK + "test_a_report_counts_once_however_often_it_is_read",
    ),
    _feedback(
        "feedback: hard bounces at once", "a dead address is written to twice more",
        "    if report.status in NO_SUCH_RECIPIENT:\n", "    if not report.status:\n",
        _FEEDBACK + "test_a_hard_bounce_suppresses_the_address_at_once",
    ),
    _feedback(
        "feedback: complaints at once", "who calls it spam gets more of it",
        "    if report.kind is Kind.COMPLAINED:\n", "    if not report.kind:\n",
        _FEEDBACK + "test_a_complaint_suppresses_at_once",
    ),
    _feedback(
        "feedback: bounces only", "a delay suppresses whoever has a full mailbox",
        "    if report.kind is not Kind.BOUNCED:\n", "    if not report.kind:\n",
        _FEEDBACK + "test_what_may_pass_suppresses_nobody",
    ),
    _feedback(
        "feedback: permanent refusals only", "a server that was down for days suppresses everybody",
        '            Feedback.status.startswith("5."),\n', "",
        _FEEDBACK + "test_what_may_pass_suppresses_nobody",
    ),
    _feedback(
        "feedback: three emails", "one report, repeated, suppresses",
        "select(func.count(Feedback.delivery_id.distinct()))", "select(func.count(Feedback.id))",
        _FEEDBACK + "test_another_refusal_suppresses_after_three_emails_only",
    ),
    _feedback(
        "feedback: of one client", "one client's bounces suppress at another's",
        "            Project.client == delivery.client,\n", "",
        _FEEDBACK + "test_refusals_add_up_within_a_client_and_not_across",
    ),
    _feedback(
        "feedback: what isn't ours stays", "a message that nobody has read is marked as done",
        "        if is_ours:\n", "        if reports or is_ours:\n",
        _HOSTILE,
    ),
    _proven(
        "feedback: only what came back is proven", "every doubt counts as sent",
        ".join(Feedback, Feedback.delivery_id == Delivery.id)",
        ".outerjoin(Feedback, Feedback.delivery_id == Delivery.id)",
        _FEEDBACK + "test_what_came_back_had_been_accepted",
    ),
    _reports(
        "reports: not a forwarded one", "a report that somebody passes on counts as ours",
        "    elif kind in _RETURNED:\n        returned, _ = _split(_decoded(head, body))\n",
        "    elif kind in _RETURNED:\n        returned, _ = _split(_decoded(head, body))\n"
        "        _collect(*_split(_decoded(head, body)), found, depth)\n",
        _REPORTS + "test_anything_else_is_no_report",
    ),
    _reports(
        "reports: bounded parameters", "a header that takes quadratic time stops all reading",
        'is_long = len(str(head["Content-Type"])) > _LONGEST_VALUE', "is_long = False",
        _REPORTS + "test_anything_else_is_no_report",
    ),
    _reports(
        "reports: bounded depth", "a message of many layers stops all reading",
        "        if depth < _DEEPEST and (", "        if (",
        _REPORTS + "test_anything_else_is_no_report",
    ),
    _reports(
        "reports: no bytes are an error", "one bad message stops all reading",
        "    except Exception:  # noqa: BLE001  (what a stranger wrote must not stop the others' reports)\n",
        "    except KeyError:\n",
        _REPORTS + "test_what_is_meant_to_exhaust_us_is_read_in_bounds",
    ),
    _reports(
        "reports: no complaint", "`not spam` counts as spam",
        "    if said not in _COMPLAINTS:\n", "    if not said:\n",
        _REPORTS + "test_anything_else_is_no_report",
    ),
    _dkim(
        "dkim: over-signed", "a second Subject is shown under our signature",
        "    return there + [name.lower().encode() for name in OVER_SIGNED]\n", "    return there\n",
        "unit/test_dkim_signing.py::test_a_second_one_of_what_everybody_reads_breaks_it",
    ),
    _dkim(
        "dkim: one-click is covered", "mailbox providers show no unsubscribe button",
        '"List-Unsubscribe-Post",\n', "\n",
        "unit/test_dkim_signing.py::test_one_click_unsubscribing_is_covered",
    ),
    _dkim(
        "dkim: a private key", "everybody on the machine can sign as the client",
        "    if mode & stat.S_IRWXO:\n", "    if not mode:\n",
        "unit/test_dkim_signing.py::test_a_key_that_everybody_may_read_is_refused",
    ),
    _journal(
        "journal: absence proves nothing", "a refused copy makes a second email",
        "Reading(Found.CANNOT_TELL, detail=_what_that_means(question.armed_at))",
        "Reading(Found.ABSENT, detail=_what_that_means(question.armed_at))",
        "contract/test_real_feedback.py::test_the_journals_copy_shows_that_a_doubt_went_out",
    ),
    _imap(
        "imap: a verified server", "anybody on the way reads the password",
        "ssl.create_default_context(cafile=ca_file)", "ssl._create_unverified_context()",
        "contract/test_real_feedback.py::"
        "test_a_mailbox_that_cannot_be_read_is_told_without_the_password",
    ),
)  # fmt: skip
