"""Taking away what keeps a post on its own account, and put up before it is armed."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_RUNS, _RECALL = "unit/test_post_runs.py::", "unit/test_recalling.py::"


def _of(
    file: str, name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any
) -> Mutant:
    return Mutant(name, prevents, f"aicmo/{file}.py", text, instead, tests, **more)


MUTANTS = (
    _of(
        "gateways/account_gateway", "account: who is logged in", "the wrong client's account posts",
        "        if found.identity != self.account.identity:\n", "        if False:\n",
        _RUNS + "test_the_wrong_client_s_account_sends_nothing_and_is_paused",
    ),
    _of(
        "execution/identity", "account: a mismatch is paused", "the wrong log-in is tried in every run",
        "        pause_account(session, mover, account_id, said)\n", "        pass\n",
        _RUNS + "test_the_wrong_client_s_account_sends_nothing_and_is_paused",
    ),
    _of(
        "execution/arming", "arm: the pinned account", "an account that is changed in a run posts",
        "verdict.may_go and pinned != gateway.identity", "False",
        _RUNS + "test_an_account_that_is_changed_during_a_run_posts_nothing",
    ),
    _of(
        "execution/staging", "stage: what was put up is kept", "a container is made anew, and posted twice",
        "    if not values:\n        return\n", "    return\n",
        _RUNS + "test_what_was_put_up_is_kept_until_the_post_goes_out",
    ),
    _of(
        "execution/staging", "stage: a refused account is paused", "every post is tried on a refused account",
        "        pause_account(session, mover, account_id, said)\n", "        pass\n",
        _RUNS + "test_an_account_that_is_refused_while_staging_is_paused",
    ),
    _of(
        "execution/staging", "stage: a refusal holds", "what can never be put up is tried for ever",
        "    if objection.kind is OutcomeKind.REFUSED_FOR_GOOD:\n", "    if False:\n",
        _RUNS + "test_what_can_never_be_put_up_is_held_with_its_reason",
    ),
    _of(
        "execution/recalling", "recall: asked for", "a post is deleted that nobody asked about",
        "    if post.recall not in (ASKED, APPROVED, UNKNOWN):\n", "    if False:\n",
        _RECALL + "test_nothing_is_deleted_that_nobody_asked_for",
    ),
    _of(
        "execution/recalling", "recall: the pinned account", "another account is asked to delete",
        "        require_pinned(database, mover, post.channel, gateway)\n", "",
        _RECALL + "test_another_account_deletes_nothing",
    ),
    _of(
        "execution/recalling", "recall: the account that posted", "a post on another account is called gone",
        "        _require_same_account(database, post, gateway)\n", "",
        _RECALL + "test_another_account_deletes_nothing",
    ),
    _of(
        "execution/recalling", "recall: a person's post is a person's", "a post on another account is called gone",
        "    if post.reason == BY_HAND:", "    if False:",
        _RECALL + "test_what_a_person_posted_is_a_person_s_to_delete",
    ),
    _of(
        "execution/importing", "import: a network has its own row", "a post that was moved goes out twice",
        "    return is_social and item.channel != planned.channel\n", "    return False\n",
        "unit/test_plan_cross_posts.py::test_a_post_that_moves_from_network_to_network_is_one_post_on_each",
    ),
    _of(
        "execution/recalling", "recall: a lost answer proves nothing", "a post that is there is called deleted",
        "    OutcomeKind.UNKNOWN: UNKNOWN,\n", "    OutcomeKind.UNKNOWN: DELETED,\n",
        _RECALL + "test_a_lost_answer_is_not_called_deleted_and_can_be_repeated",
    ),
    _of(
        "execution/recalling", "recall: a thread from its end", "answers stand without what they answer",
        "each.part > post.part and each.is_live", "False",
        _RECALL + "test_a_thread_is_taken_back_from_its_end",
    ),
    _of(
        "execution/operator_tasks", "done: not while a run sends", "a person's record and a run's post are two",
        "    if state in (State.CLAIMED, State.SENDING):\n", "    if False:\n",
        "unit/test_operator_tasks.py::test_what_a_run_has_in_hand_is_not_a_person_s",
    ),
)  # fmt: skip
