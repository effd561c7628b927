"""Taking away what keeps the ledger, its books and its audit log true."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_STATES, _AUDIT, _SENDING = (
    "unit/test_states.py::",
    "unit/test_audit.py::",
    "unit/test_sending.py::",
)
_DATABASE, _BITE = "unit/test_database.py::", "unit/test_rules_bite.py::"
_BETWEEN = "unit/test_doubts_and_changes.py::"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/{file}", text, instead, tests, **more)

    return of


_states, _audit = _in("execution/states.py"), _in("audit.py")
_database, _report, _runs = _in("database.py"), _in("execution/report.py"), _in("execution/runs.py")
_migration = _in("migrations/versions/0001_initial_schema.py")

MOVING = (
    _states(
        "move: only those of the table", "any code takes a delivery anywhere",
        "    if (before, after) not in MOVES:\n", "    if before not in State:\n",
        _STATES + "test_any_other_move_is_refused",
    ),
    _states(
        "move: only from its state", "of two who move, both believe that they did",
        ', columns.state == bindparam("before")', "",
        _STATES + "test_a_row_in_another_state_or_under_another_fence_stays",
    ),
    _states(
        "move: only under its fence", "a worker moves what another has claimed since",
        '        query = query.where(columns.fence == bindparam("fence_held"))\n', "        pass\n",
        _STATES + "test_a_row_in_another_state_or_under_another_fence_stays",
    ),
    _states(
        "move: with its audit event", "the log doesn't say what happened",
        "    if moved:\n", "    if not moved:\n",
        _STATES + "test_an_allowed_move_changes_the_row_and_is_audited",
    ),
)  # fmt: skip

AUDITING = (
    _audit(
        "audit: each event holds its predecessor", "a changed event is hidden by its own new hash",
        "return hashlib.sha256(previous + text.encode()).digest()",
        "return hashlib.sha256(text.encode()).digest()",
        _LATER + "test_an_event_that_was_changed_with_its_hash_is_found_at_the_next",
    ),
    _audit(
        "audit: a changed event is found", "the log is believed although it was changed",
        "        if link != row.hash:\n", "        if not link:\n",
        _AUDIT + "test_a_changed_field_is_found_at_its_event",
    ),
    _audit(
        "audit: a missing event is found", "the log is believed although it has a gap",
        "        if row.number != count:\n", "        if row.number < 0:\n",
        _AUDIT + "test_a_removed_event_is_found",
    ),
    _audit(
        "audit: a log cut off is found", "the newest events can be taken away",
        "    if (number, link) == (found.events, found.head):\n", "    if found:\n",
        _AUDIT + "test_a_log_cut_off_at_its_end_is_found",
    ),
    _audit(
        "audit: an emptied log is found", "the whole log can be taken away",
        "    if must_have_events and not count:\n", "    if count < 0:\n",
        _AUDIT + "test_a_log_that_was_emptied_is_found_by_its_project",
    ),
    _audit(
        "audit: heard after the commit only", "a log outside tells of what was rolled back",
        "        actions.append(lambda: sink(event.value, project_id, data))\n",
        "        del actions\n        sink(event.value, project_id, data)\n",
        _AUDIT + "test_a_sink_hears_of_events_only_after_their_commit",
    ),
    _audit(
        "audit: head locked", "two writers add the same number, and one run breaks off",
        "_LOCK = _READ.with_for_update()", "_LOCK = _READ",
        _SENDING + "test_two_workers_share_the_work_and_nobody_gets_two",
        on_postgresql=True,
    ),
    _audit(
        "audit: head taken first", "two writers wait for each other, and one run breaks off",
        "        _locked_head(session, project_id)\n        yield session", "        yield session",
        _BITE + "test_writers_take_the_head_before_any_row",
        on_postgresql=True,
    ),
    _migration(
        "audit: append-only on SQLite", "an event can be changed by a slip",
        'for action in ("UPDATE", "DELETE"):', 'for action in ("DELETE",):',
        _AUDIT + "test_the_database_refuses_to_change_it",
    ),
    _migration(
        "audit: append-only on PostgreSQL", "an event can be changed by a slip",
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event", "BEFORE TRUNCATE ON audit_event",
        _AUDIT + "test_the_database_refuses_to_change_it",
        on_postgresql=True,
    ),
)  # fmt: skip

STORING = (
    _database(
        "database: BEGIN IMMEDIATE", "of two writers, one fails instead of waiting",
        '    if options.get("aicmo_write"):', "    if False:",
        _DATABASE + "test_two_writers_wait_for_each_other_instead_of_failing",
    ),
    _database(
        "database: synchronous=FULL", "a power cut takes an intent back after its send",
        '"synchronous=FULL"', '"synchronous=NORMAL"',
        _DATABASE + "test_sqlite_survives_a_power_cut_and_readers_do_not_block_writers",
        "crash/test_power_cut.py::test_cut_instead_of_any_sync_of_a_run",
        rule="durable-commit",
    ),
    _database(
        "database: one view per reading", "a report counts one delivery twice, another never",
        '                session.connection(execution_options={"isolation_level": '
        '"REPEATABLE READ"})\n',
        "                pass\n",
        _DATABASE + "test_a_reader_sees_one_state_of_the_books",
        on_postgresql=True,
    ),
)  # fmt: skip

REPORTING = (
    _report(
        "report: balance", "a delivery that vanished isn't missed",
        "return self.planned == sum(self.count(state) for state in BOOKS)", "return True",
        _SENDING + "test_a_row_that_vanished_makes_the_books_red",
    ),
    _report(
        "report: planned comes from the plan", "a delivery that vanished isn't missed",
        "planned = select(func.coalesce(func.sum(Item.planned), 0)).where("
        "Item.project_id == project_id)",
        "planned = select(func.count()).select_from(Delivery).join(Item, "
        "Item.id == Delivery.item_id).where(Item.project_id == project_id)",
        _SENDING + "test_a_row_that_vanished_makes_the_books_red",
    ),
    _report(
        "report: a lapsed lease is a doubt", "a doubt is told as in progress until the next run",
        "        if lapsed:\n", "        if lapsed is None:\n",
        _BETWEEN + "test_a_doubt_is_in_the_books_as_soon_as_its_lease_has_lapsed",
    ),
    _report(
        "report: a repeat is a doubt", "what may have gone out is told as waiting",
        "        elif ambiguous and state in WAITING:\n", "        elif ambiguous is None:\n",
        _BITE + "test_what_is_pending_in_doubt_is_never_stopped",
    ),
    _runs(
        "report: red without balance", "books that don't balance look fine",
        "    if not books.balanced:\n", "    if books is None:\n",
        _SENDING + "test_a_row_that_vanished_makes_the_books_red",
    ),
    Mutant(
        "runs: a crashed one is silent for long", "a run that works is marked as crashed",
        "aicmo/execution/crashed_runs.py",
        "Run.crashed_at.is_(None), Run.alive_until < now", "Run.crashed_at.is_(None)",
        ("unit/test_crashed_runs.py::test_only_an_open_run_that_was_silent_for_long_is_marked",),
    ),
)  # fmt: skip

_WHO_MAKES = {
    "PENDING, State.CLAIMED": ("nothing goes out", _SENDING + "test_a_limit_is_kept"),
    "CLAIMED, State.PENDING": (
        "what a worker had claimed is lost",
        _BETWEEN + "test_a_worker_that_stopped_before_arming_loses_nothing",
    ),
    "CLAIMED, State.SENDING": ("nothing goes out", _SENDING + "test_a_limit_is_kept"),
    "SENDING, State.SENT": ("what went out stays open", _SENDING + "test_a_limit_is_kept"),
    "SENDING, State.FAILED": (
        "what is refused stays open",
        _SENDING + "test_an_address_that_does_not_exist_fails_and_is_suppressed",
    ),
    "SENDING, State.PENDING": (
        "what can be tried again never is",
        _SENDING + "test_a_refusal_for_now_is_tried_again_later_and_not_at_once",
    ),
    "SENDING, State.UNKNOWN": (
        "a doubt has no place",
        _SENDING + "test_a_lost_answer_is_a_doubt_that_no_run_repeats",
    ),
    "UNKNOWN, State.SENT": (
        "a doubt can't be closed as sent",
        _BETWEEN + "test_a_late_answer_closes_a_doubt_and_opens_nothing",
    ),
    "UNKNOWN, State.PENDING": (
        "a doubt can't be closed as absent",
        "unit/test_doubts.py::test_what_is_not_there_goes_out_once_more",
    ),
    "UNKNOWN, State.FAILED": (
        "a doubt can't be given up",
        "unit/test_doubts.py::test_what_is_given_up_failed_for_a_reason_and_stays_ambiguous",
    ),
    "PENDING, State.SKIPPED": (
        "who has left holds up the run",
        "unit/test_guards.py::test_a_recipient_who_left_is_skipped_for_good",
    ),
    "PENDING, State.HELD": (
        "what isn't approved holds up the run",
        "unit/test_guards.py::test_nothing_goes_without_an_approval",
    ),
    "HELD, State.PENDING": (
        "what is held is never released",
        "unit/test_guards.py::test_nothing_goes_without_an_approval",
    ),
    "HELD, State.SENT": (
        "what a person has posted can't be recorded",
        "unit/test_operator_tasks.py::test_what_a_person_posted_is_sent_and_never_sent_again",
    ),
    "PENDING, State.CANCELLED": (
        "nothing can be called off",
        "unit/test_cancelling.py::test_only_the_named_items_are_called_off",
    ),
    "PENDING, State.EXPIRED": (
        "a closed window holds up the run",
        "unit/test_guards.py::test_a_closed_window_expires",
    ),
    "EXPIRED, State.PENDING": (
        "a longer window changes nothing",
        "unit/test_guards.py::test_a_longer_window_opens_an_expired_item_again",
    ),
    "PENDING, State.UNKNOWN": (
        "a doubt that can't be repeated any more reaches nobody",
        "unit/test_reconciling.py::test_what_can_be_repeated_is_left_to_the_next_run",
    ),
    "FAILED, State.PENDING": (
        "a retry opens nothing",
        "unit/test_retrying.py::test_what_was_refused_is_tried_again_and_goes_out_once",
    ),
    "CANCELLED, State.PENDING": (
        "what was called off can't be taken back",
        "unit/test_retrying.py::test_a_cancelled_item_is_opened_by_its_name_only",
    ),
}
MOVES = tuple(
    _states(
        "move: " + move.lower().replace(", state.", " to "), prevents,
        f"        (State.{move}),\n", "", test,
    )
    for move, (prevents, test) in _WHO_MAKES.items()
)  # fmt: skip

MUTANTS = (*MOVING, *MOVES, *AUDITING, *STORING, *REPORTING)
