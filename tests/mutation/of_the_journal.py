"""Taking away what makes the journal, and its replay, a proof."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant


def _journal(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/journal.py", text, instead, tests, **more)


def _replay(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/replaying.py", text, instead, tests, **more)


WRITING = (
    _journal(
        "journal: locked while its owner lives", "a slow worker is taken for dead; both send",
        "    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n    hidden.rename(path)",
        "    hidden.rename(path)",
        "unit/test_journal.py::test_a_journal_of_a_living_worker_is_nobody_elses",
        rule="journal-lock",
    ),
    _journal(
        "journal: not replayed under its owner", "a slow worker is taken for dead; both send",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        if os.path",
        "        if os.path",
        "unit/test_journal.py::test_a_journal_of_a_living_worker_is_nobody_elses",
    ),
    _journal(
        "journal: locked before it has its name", "a journal is seen for a moment without its owner",
        '    hidden = path.with_suffix(".new")\n', "    hidden = path\n",
        "unit/test_rules_bite_after_arming.py::test_a_journal_is_never_seen_without_its_owner",
    ),
    _journal(
        "journal: the file that is locked is the one that is there", "one journal is replayed twice",
        "if os.path.samestat(os.fstat(descriptor), path.stat()):",
        "if os.path.samestat(os.fstat(descriptor), os.fstat(descriptor)):",
        "unit/test_rules_bite_after_arming.py::test_a_journal_that_somebody_replayed_meanwhile_is_left_alone",
    ),
    _journal(
        "journal: nothing after a broken write", "after a cut-off record, later ones are believed",
        '        if self._is_broken:\n            raise OSError("the journal is broken")\n', "",
        "unit/test_journal.py::test_on_a_full_disk_nothing_can_begin_any_more",
    ),
    _journal(
        "journal: a whole record or none", "half a `begin` on a full disk counts as one",
        "        if not complete:\n", "        if complete is None:\n",
        "unit/test_journal.py::test_on_a_full_disk_nothing_can_begin_any_more",
    ),
    _journal(
        "journal: kept with what is unsettled", "after a database failure, answers are lost",
        "if os.fstat(self._descriptor).st_size == 0:", "if self._descriptor:",
        "unit/test_journal.py::test_every_record_comes_back",
    ),
    _journal(
        "journal: emptied when it is settled", "it grows with the audience",
        "        os.ftruncate(self._descriptor, 0)\n", "        pass\n",
        "unit/test_journal.py::test_a_journal_stays_only_while_something_is_unsettled",
    ),
)  # fmt: skip

READING = (
    _journal(
        "journal: reboot", "a power cut took the `begin`; its absence seems to prove no send",
        "bool(boot_id) and boot_id == _boot_id()", "True",
        "unit/test_journal.py::test_after_a_restart_of_the_machine_a_missing_record_proves_nothing",
        rule="reboot",
    ),
    _journal(
        "journal: garbled", "a `begin` that can't be read counts as none",
        "                current.is_complete = False\n", "                pass\n",
        "unit/test_journal.py::test_after_a_garbled_record_a_missing_one_proves_nothing",
    ),
    _journal(
        "journal: cut off", "a record that a kill cut off puts the whole batch in doubt",
        '*lines, _cut_off = text.split(b"\\n")', 'lines = text.split(b"\\n")',
        "unit/test_journal.py::test_every_record_comes_back",
    ),
    _replay(
        "replay: begun without an answer", "what may have gone out goes out again",
        "    if delivery_id in left.begun:\n        return _CUT_OFF\n", "",
        "unit/test_replaying.py::test_a_worker_killed_inside_a_request_leaves_one_doubt",
    ),
    _replay(
        "replay: never begun", "a kill puts the whole batch in doubt",
        "return _NEVER_BEGUN if left.is_complete else _LOST", "return _LOST",
        "unit/test_replaying.py::test_a_worker_killed_inside_a_request_leaves_one_doubt",
    ),
    _replay(
        "replay: an incomplete journal proves nothing", "after a power cut, doubts go out again",
        "return _NEVER_BEGUN if left.is_complete else _LOST", "return _NEVER_BEGUN",
        "unit/test_replaying.py::test_after_a_restart_of_the_machine_a_missing_record_proves_nothing",
    ),
    _replay(
        "replay: answers", "what was answered before the kill is in doubt",
        "left.answers.get(each) or _without_answer(left, each)", "_without_answer(left, each)",
        "unit/test_replaying.py::test_a_worker_killed_inside_a_request_leaves_one_doubt",
    ),
    _replay(
        "replay: late answers", "an answer doesn't close the doubt that its lapsed lease left",
        "{**left.answers, **answers}", "answers",
        "unit/test_replaying.py::test_an_answer_that_comes_to_light_late_closes_a_doubt",
    ),
    _replay(
        "replay: claims are free", "what a killed worker had claimed waits for its lease",
        "session, mover, claimed, State.CLAIMED, State.PENDING, fence=left.fence, values=free",
        "session, mover, [], State.CLAIMED, State.PENDING, fence=left.fence, values=free",
        "unit/test_replaying.py::test_what_was_claimed_only_waits_again",
    ),
    Mutant(
        "replay: at every live start", "after a kill, the whole batch is in doubt",
        "aicmo/execution/runs.py",
        "        replaying.replay(database, by=request.started_by)\n", "",
        ("unit/test_replaying.py::test_the_next_run_finishes_at_once_what_a_killed_one_left",),
    ),
    Mutant(
        "replay: before reconciling", "after a kill, a person is asked about the whole batch",
        "aicmo/execution/reconciling.py", "    replaying.replay(database, by=by)\n", "",
        ("unit/test_reconciling.py::test_what_a_killed_worker_never_began_is_no_doubt",),
    ),
)  # fmt: skip

MUTANTS = (*WRITING, *READING)
