"""Taking away what caps and courtesy ask before an email goes out."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_COURTESY, _SHARE = "unit/test_courtesy.py::", "unit/test_courtesy_frequency.py::"
_HOURS, _CLIENTS = "unit/test_plan_hours.py::", "unit/test_two_clients.py::"


def _of(
    name: str, prevents: str, file: str, text: str, instead: str, *tests: str, **more: Any
) -> Mutant:
    return Mutant(f"courtesy: {name}", prevents, f"aicmo/{file}", text, instead, tests, **more)


_GUARDS, _ARMING = "execution/guards.py", "execution/arming.py"
_CAPS, _FREQUENCY = "execution/caps.py", "execution/frequency.py"
_REASONS, _OPENING = "execution/courtesy.py", "plans/opening.py"

LATE = (
    _of(
        "late: dropped", "what nobody wants any more goes out after an outage", _GUARDS,
        '        (and_(Item.late == "drop", _late()), _say(EXPIRE, "late")),\n', "",
        _COURTESY + "test_what_its_time_has_passed_is_held_dropped_or_sent",
    ),
    _of(
        "late: held only if so wished", "what is wanted late, too, is held", _GUARDS,
        'and_(Item.late == "hold", _late()),', "_late(),",
        _COURTESY + "test_what_its_time_has_passed_is_held_dropped_or_sent",
    ),
    _of(
        "late: approved as such", "an import lets out what was held until somebody approves it again",
        "execution/fingerprint.py",
        '*(["late"] if goes_late else []),', "",
        _COURTESY + "test_a_plan_that_says_send_later_on_needs_its_approval_for_that",
    ),
    _of(
        "late: dropped only if so wished", "what is wanted late, too, is dropped", _GUARDS,
        '(and_(Item.late == "drop", _late()), _say', "(_late(), _say",
        _COURTESY + "test_what_its_time_has_passed_is_held_dropped_or_sent",
    ),
)  # fmt: skip

HOURS = (
    _of(
        "hours", "people are woken at night", _GUARDS,
        "and_(to_mailbox, Contact.timezone.in_(zones))", "Contact.id.is_(None)",
        _COURTESY + "test_a_rule_that_begins_between_claim_and_arming_bites",
    ),
    _of(
        "hours: the recipient's clocks", "people are woken at night elsewhere", _REASONS,
        "hours.closed(now, name or timezone)", "hours.closed(now, timezone)",
        _COURTESY + "test_everybody_is_written_to_by_their_own_clocks",
    ),
    _of(
        "hours: until when", "what waits for its hour is claimed without end", _ARMING,
        "        if verdict.not_before:\n", "        if False:\n",
        _COURTESY + "test_a_rule_that_begins_between_claim_and_arming_bites",
    ),
    _of(
        "hours: put off by the sort", "what can't go is composed and claimed for nothing",
        "execution/claims.py", "        put_off(session, with_times(session, says, waits))\n",
        "        del waits\n",
        _COURTESY + "test_what_waits_for_its_hour_is_never_claimed",
    ),
    _of(
        "hours: a later time stays", "a provider's wait ends with the night",
        "execution/putting_off.py", "update(Delivery).where(pending, earlier)",
        "update(Delivery).where(pending)",
        _COURTESY + "test_a_provider_s_longer_wait_stays",
    ),
    _of(
        "hours: taken back", "what a rule put off stays so when the rule is gone",
        "execution/claims.py", "    take_back(session, freed)\n", "",
        _COURTESY + "test_a_plan_without_the_rule_lets_go_what_waited_for_it",
    ),
    _of(
        "hours: taken back from what is stopped", "a pause makes a put-off last", "execution/claims.py",
        "verdict.action != guards.WAIT:", "verdict.may_go:",
        _COURTESY + "test_what_waited_and_was_paused_meanwhile_goes_when_nothing_stops_it",
    ),
    _of(
        "hours: the change of the clocks", "an hour that doesn't exist is waited for", _OPENING,
        "return following if ends else _before_clocks_change(now, following, zone)",
        "return following",
        _HOURS + "test_an_end_that_the_clocks_leave_out_is_the_change_itself",
    ),
    _of(
        "hours: an hour that comes twice", "its first time lasts too long", _OPENING,
        "for fold in (0, 1))", "for fold in (1,))",
        _HOURS + "test_an_end_that_comes_twice_ends_it_each_time",
    ),
    _of(
        "hours: an hour that comes again", "its second time lasts too long", _OPENING,
        "for fold in (0, 1))", "for fold in (0,))",
        _HOURS + "test_an_end_that_comes_twice_ends_it_each_time",
    ),
    _of(
        "hours: some are left", "a plan is approved whose emails can never go out",
        "plans/checking_hours.py", "    if not hours.leave_time:\n", "    if False:\n",
        _HOURS + "test_hours_that_leave_no_time_are_an_error",
    ),
)  # fmt: skip

CAPS = (
    _of(
        "caps: room", "a run sends more than its cap", _ARMING,
        "    may_go = may_go[: says.room]\n", "",
        _COURTESY + "test_a_run_sends_no_more_than_its_cap_and_says_so",
    ),
    _of(
        "caps: told", "nobody learns why the rest waits", _GUARDS,
        'guards += [(to_mailbox, literal(f"{WAIT}:").concat(bindparam("full", type_=String)))]',
        "guards += []",
        _COURTESY + "test_a_day_has_a_cap_whatever_runs",
    ),
    _of(
        "caps: the run ends", "a worker claims without end what has no room", _ARMING,
        "is_full = says.room is not None and says.room <= len(armed)", "is_full = False",
        _COURTESY + "test_a_run_sends_no_more_than_its_cap_and_says_so",
        hangs=True,
    ),
    _of(
        "caps: of this run", "what an earlier run sent counts, too", _CAPS,
        "began, Attempt.run_id == mover.run_id)", "began)",
        _COURTESY + "test_a_run_sends_no_more_than_its_cap_and_says_so",
    ),
    _of(
        "caps: of this project", "another project's emails count, too", _CAPS,
        'Account.project_id == mover.project_id, Account.channel == "email"',
        'Account.channel == "email"',
        _COURTESY + "test_a_cap_is_counted_over_all_emails_of_a_project_and_over_no_other",
    ),
    _of(
        "caps: the client's day", "the day ends when it does in Greenwich", _CAPS,
        "day_began(mover.at, timezone)", 'day_began(mover.at, "UTC")',
        _COURTESY + "test_a_day_has_a_cap_whatever_runs",
    ),
    _of(
        "caps: what left", "a relay that is down uses up the cap of a day", _CAPS,
        "        Attempt.outcome != OutcomeKind.NOT_SENT.value,\n", "",
        _COURTESY + "test_a_relay_that_is_down_uses_up_no_cap",
    ),
    _of(
        "caps: the tighter one", "the wider cap lets more out than the other allows", _CAPS,
        "return min(found, ", "return max(found, ",
        _COURTESY + "test_the_tighter_cap_counts",
    ),
    _of(
        "caps: in the preview", "who approves doesn't see what a cap makes wait",
        "execution/preview.py", "return verdict if self.used <= self.says.room else ",
        "return verdict if self.used else ",
        _COURTESY + "test_a_preview_says_what_each_rule_makes_wait",
    ),
)  # fmt: skip

SHARES = (
    _of(
        "share", "one person gets everything at once", _GUARDS,
        "and_(to_mailbox, enough)", "and_(to_mailbox, had < 0)",
        _SHARE + "test_what_another_project_of_the_client_sent_counts",
    ),
    _of(
        "share: of the client", "one client's mail stops another's", _FREQUENCY,
        "            project.client == client,\n", "",
        _SHARE + "test_what_another_client_sent_does_not",
    ),
    _of(
        "share: its days", "who once got something never gets anything again", _FREQUENCY,
        "            attempt.armed_at > since,\n", "",
        _SHARE + "test_the_share_is_free_again_after_its_days",
        hangs=True,
    ),
    _of(
        "share: of the address", "what others got counts, too", _FREQUENCY,
        "            attempt.address_hmac == Contact.address_hmac,\n", "",
        _SHARE + "test_the_address_counts_and_not_the_contact_s_name",
        hangs=True,
    ),
    _of(
        "share: what may have gone out", "a doubt counts as if nothing had gone out", _FREQUENCY,
        ", other.ambiguous),", "),",
        _SHARE + "test_what_went_out_or_may_have_counts_and_a_refusal_does_not",
    ),
    _of(
        "share: what went out", "what was refused counts as if it had arrived", _FREQUENCY,
        "            or_(other.state.in_([state.value for state in _COUNTED]), other.ambiguous),\n", "",
        _SHARE + "test_what_went_out_or_may_have_counts_and_a_refusal_does_not",
    ),
    _of(
        "share: not itself", "a doubt is never repeated", _FREQUENCY,
        "            other.id != Delivery.id,\n", "",
        _SHARE + "test_an_email_that_is_repeated_does_not_count_against_itself",
    ),
    _of(
        "share: twice in a batch", "both of one person's deliveries take the last place", _ARMING,
        "first.setdefault(each.address_hmac or each.id, each)", "first[each.id] = each",
        _SHARE + "test_who_is_twice_in_a_batch_gets_one",
    ),
    _of(
        "share: the client's lock", "two workers both take the last place", _REASONS,
        "        frequency.lock_client(session, _project(session, mover.project_id)[0])\n",
        "        pass\n",
        _SHARE + "test_two_workers_do_not_both_take_the_last_place",
        on_postgresql=True,
    ),
    _of(
        "share: a lock for each client", "every client waits for every other", _FREQUENCY,
        'b"aicmo client " + client.encode()', 'b"aicmo client "',
        _SHARE + "test_two_clients_do_not_wait_for_each_other",
        on_postgresql=True,
    ),
    _of(
        "share: on record", "nobody can tell what a person got", _ARMING,
        "composed[each.id].feedback_sha256, each.address_hmac,", 'composed[each.id].feedback_sha256, "",',
        _SHARE + "test_what_another_project_of_the_client_sent_counts",
    ),
)  # fmt: skip

CLIENTS = (
    _of(
        "clients: whose delivery it is",
        "an opt-out counts for somebody else's client",
        _GUARDS,
        ".where(Project.id == Delivery.project_id).correlate(Delivery)",
        ".where(Project.id == Delivery.project_id)",
        _CLIENTS + "test_the_guards_judge_all_projects_at_once_as_one_by_one",
    ),
)

MUTANTS = (*LATE, *HOURS, *CAPS, *SHARES, *CLIENTS)
