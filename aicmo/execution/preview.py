"""What a live run would send, composed in full: nothing is claimed, and there is no transport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aicmo.channels import SOCIAL, Channel
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution import courtesy, guards
from aicmo.execution.composing import EmailComposers, Recipient, recipients
from aicmo.execution.copy_checks import Review, Sample
from aicmo.execution.courtesy import Courtesy
from aicmo.execution.crm_difference import Standing
from aicmo.execution.crm_preview import CrmPreview, CrmPreviews
from aicmo.execution.guards import Verdict
from aicmo.execution.handing_over import OnProgress
from aicmo.execution.identity import has_account
from aicmo.execution.other_clients import other_clients
from aicmo.execution.post_card import Card
from aicmo.execution.post_preview import PostPreviews, checks_of
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.execution.report import NOT_COMPOSED, Tally
from aicmo.execution.sample_email import stand_in
from aicmo.execution.states import WAITING, State
from aicmo.gateways.contract import NOT_CHANGED
from aicmo.gateways.email_checks import Copy
from aicmo.gateways.email_findings import Check, Finding, Severity
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Contact, Delivery
from aicmo.plans.items import EmailContent

_LISTED = 50
_CHUNK = 500
_LEFT_OUT = (guards.SKIP, guards.EXPIRE, guards.CANCEL)
_HELD_FOR_THE_PERSON = ("no email address", "no consent", "no longer in the plan")
"""What the guards say of somebody to whom the item doesn't go, whatever is done about the item."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person who would not get an item, and why."""

    contact: str
    reason: str


@dataclass
class ItemPreview:
    """One item as its recipients would get it.

    would_send: deliveries that can go once nothing stops them any more.
    blocked_by: what still keeps some of them from being sent now (`not approved`), by count.
    left_out_by: those who get nothing, counted by what the guards say; `left_out` lists the first.
    findings: contacts who would get it and can't be written to; the first of `findings_count`.
    samples: of an email. cards: of a post, in the thread's order. crm: of a change in a CRM.
    checks: of any of them. connected: there is something that it can go out through.
    """

    item: PlanItem
    would_send: int = 0
    bytes_total: int = 0
    done: Counter[str] = field(default_factory=Counter[str])
    blocked_by: Counter[str] = field(default_factory=Counter[str])
    left_out_by: Counter[Verdict] = field(default_factory=Counter[Verdict])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    findings: list[LeftOut] = field(default_factory=list[LeftOut])
    findings_count: int = 0
    samples: list[Sample] = field(default_factory=list[Sample])
    checks: tuple[Check, ...] = ()
    cards: tuple[Card, ...] = ()
    crm: CrmPreview | None = None
    connected: bool = True

    @property
    def by_hand(self) -> bool:
        """It's an operator task: no account is pinned, so a person posts it."""
        return any(not card.account.pinned for card in self.cards)

    @property
    def would_go(self) -> int:
        """Deliveries that a live run would send once nothing stops them any more."""
        return self.would_send if self.connected and not self.by_hand else 0

    @property
    def skipped(self) -> Counter[str]:
        """Those who get nothing, by reason."""
        return Counter({verdict.reason: count for verdict, count in self.left_out_by.items()})

    @property
    def left_out_count(self) -> int:
        return self.left_out_by.total()

    def found(self, severity: Severity) -> list[Finding]:
        """The findings of one severity over all checks."""
        return [
            each for check in self.checks for each in check.findings if each.severity == severity
        ]


@dataclass(frozen=True)
class Preview:
    items: tuple[ItemPreview, ...]

    @property
    def headings(self) -> list[list[ItemPreview]]:
        """The items in their order, those of one post on several networks together."""
        groups: dict[str, list[ItemPreview]] = {}
        for each in self.items:
            groups.setdefault(each.item.part_of or each.item.key, []).append(each)
        return [sorted(group, key=_place_of_network) for group in groups.values()]

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return tuple(tally for item in self.items for tally in _tallies(item))


def _place_of_network(found: ItemPreview) -> int:
    channel = found.item.channel
    return SOCIAL.index(Channel(channel)) if channel in SOCIAL else 0


def preview_items(
    database: Database,
    plan: ProjectPlan,
    items: Sequence[PlanItem],
    now: datetime,
    *,
    on_progress: OnProgress = lambda _: None,
) -> Preview:
    """Composes and checks every delivery of these items that hasn't been decided yet; writes nothing."""
    previews: list[ItemPreview] = []
    with database.read() as session:
        cap = _Cap(courtesy.of_project(session, plan.project_id, now))
        others = other_clients(session, plan.document)
        composers: EmailComposers | None = None
        posts, changes = PostPreviews(plan.document), _Changes(session, plan, now)
        for item in items:
            found = ItemPreview(item)
            if item.channel == Channel.EMAIL:
                composers = composers or EmailComposers(plan.document)
                emails = _Emails(
                    found, _copy(plan, item, others), composers, max(now, item.send_at)
                )
                emails.preview(_people(session, _going(session, found, cap), on_progress))
            elif item.channel in SOCIAL:
                _preview_posts(session, found, posts, cap)
            else:
                changes.preview(session, found, _going(session, found, cap))
            _count_done(session, found)
            previews.append(found)
    return Preview(tuple(previews))


def _preview_posts(session: Session, found: ItemPreview, posts: PostPreviews, cap: _Cap) -> None:
    """The posts of one item: those that can't go out as they are don't count as going."""
    said = {
        each: verdict
        for rows in _open_deliveries(session, found.item, cap.says)
        for each, verdict, _ in rows
        if not _leaves_out(found, verdict, "")
    }
    cards = posts.cards(session, found.item.id, said)
    sound = {each for each, card in cards.items() if card.is_sound}
    found.would_send = len(said.keys() & sound)
    found.findings_count = len(said) - found.would_send
    found.cards = tuple(cards.values())
    found.checks = checks_of(found.cards) if said else ()


class _Changes:
    """The changes of a plan in the client's CRM; without a CRM they are only counted."""

    def __init__(self, session: Session, plan: ProjectPlan, now: datetime) -> None:
        self._project_id, self._now = plan.project_id, now
        document = plan.document
        self._differences = CrmPreviews(session, document, document.crm) if document.crm else None
        self._connected = has_account(session, plan.project_id, Channel.CRM)

    def preview(self, session: Session, found: ItemPreview, going: Iterable[Sequence[int]]) -> None:
        found.connected = self._connected and self._differences is not None
        if self._differences is None:
            found.would_send = sum(len(ids) for ids in going)
            return
        found.crm = crm = self._differences.preview(session, found.item, going, self._now)
        found.would_send, found.findings_count = crm.goes, crm.refused
        refused = crm.of(Standing.REFUSED)[:_LISTED]
        found.findings = [LeftOut(each.contact, each.why) for each in refused]
        found.blocked_by += crm.stopped_by
        found.checks = crm.checks(self._project_id)


def _copy(plan: ProjectPlan, item: PlanItem, others: dict[str, str]) -> Copy:
    planned = next(each for each in plan.document.items if each.id == item.key)
    if not isinstance(planned.content, EmailContent):
        raise FixInput(f"Item {item.key} carries no email")
    return Copy(planned.content, plan.document.brand, plan.document.language_rules, others)


_Row = tuple[int, Verdict, str]


@dataclass
class _Cap:
    """How many emails of all items may go now; what is over waits with the cap's reason."""

    says: Courtesy
    used: int = 0

    def applied_to(self, item: PlanItem, verdict: Verdict) -> Verdict:
        if self.says.room is None or not verdict.may_go or item.channel != Channel.EMAIL:
            return verdict
        self.used += 1
        return verdict if self.used <= self.says.room else Verdict(guards.WAIT, self.says.cap)


def _going(session: Session, found: ItemPreview, cap: _Cap) -> Iterator[list[int]]:
    """The deliveries that go, now or later, chunk by chunk; those who are left out are counted."""
    for rows in _open_deliveries(session, found.item, cap.says):
        judged = ((each, cap.applied_to(found.item, said), who) for each, said, who in rows)
        yield [each for each, verdict, who in judged if not _leaves_out(found, verdict, who)]


def _open_deliveries(session: Session, item: PlanItem, says: Courtesy) -> Iterator[list[_Row]]:
    query = (
        guards.verdicts(CHANNELS_WITH_GATEWAY, says)
        .add_columns(Contact.key)
        .where(
            Delivery.item_id == item.id,
            Delivery.state.in_((State.PENDING.value, State.HELD.value)),
        )
        .order_by(Delivery.id)
        .execution_options(yield_per=_CHUNK)
    )
    # One pass: asking for page after page would sort the whole item again for each.
    for rows in session.execute(query).partitions():
        yield [(row[0], guards.read_verdict(row[1]), row[2] or "") for row in rows]


def _leaves_out(found: ItemPreview, verdict: Verdict, contact: str) -> bool:
    if verdict.action in _LEFT_OUT or verdict.reason in _HELD_FOR_THE_PERSON:
        found.left_out_by[verdict] += 1
        if len(found.left_out) < _LISTED:
            found.left_out.append(LeftOut(contact, verdict.reason))
        return True
    if not verdict.may_go:
        found.blocked_by[verdict.reason] += 1
    return False


def _people(
    session: Session, going: Iterable[list[int]], on_progress: OnProgress
) -> Iterator[Recipient]:
    for ids in going:
        for person in list(recipients(session, ids)):
            on_progress(None)
            yield person


@dataclass
class _Emails:
    """The emails of one item: each is composed, and looked at by the review."""

    found: ItemPreview
    copy: Copy
    composers: EmailComposers
    date: datetime

    def preview(self, people: Iterable[Recipient]) -> None:
        review = Review(self.copy)
        flaw = self._flaw()
        for person in people:
            if flaw is None:
                self._compose_for(person, review)
            else:
                self._leave(person, flaw)
        if flaw is not None:
            review.refuse_all(flaw)
        elif not self.found.would_send:
            nobody = _nobody(self.copy)
            review.see_stand_in(nobody, self._compose(nobody))
        self.found.samples, self.found.checks = review.samples(), review.checks()

    def _flaw(self) -> FixInput | None:
        """What keeps it from being composed for anybody, found without asking it of everybody."""
        try:
            self._compose(_nobody(self.copy))
        except FixInput as error:
            return error
        return None

    def _compose(self, person: Recipient) -> ComposedEmail:
        return self.composers.compose(self.found.item.key, person, self.date)

    def _compose_for(self, person: Recipient, review: Review) -> None:
        try:
            email = self._compose(person)
        except FixInput as error:
            review.refuse(person.contact_key, error)
            self._leave(person, error)
            return
        self.found.would_send += 1
        self.found.bytes_total += len(email.payload)
        review.see(person, email)

    def _leave(self, person: Recipient, error: FixInput) -> None:
        self.found.findings_count += 1
        if len(self.found.findings) < _LISTED:
            self.found.findings.append(LeftOut(person.contact_key, str(error)))


def _nobody(copy: Copy) -> Recipient:
    """Somebody who isn't there, whose data is complete."""
    person = stand_in(copy.content, "reader@example.com")
    return Recipient(0, "0" * 32, ambiguous=False, contact_key="", email=person)


def _count_done(session: Session, found: ItemPreview) -> None:
    open_states = (State.PENDING.value, State.HELD.value)
    query = (
        select(Delivery.state, func.count())
        .where(Delivery.item_id == found.item.id, Delivery.state.not_in(open_states))
        .group_by(Delivery.state)
    )
    waiting = {state.value for state in WAITING}
    for state, count in session.execute(query):
        found.done["waiting" if state in waiting else state] += count


def _tallies(found: ItemPreview) -> Iterator[Tally]:
    item = found.item
    ready, reason = "previewed", ""
    if not found.connected:
        ready, reason = "held", guards.NO_CRM
    elif found.by_hand:
        ready, reason = "held", guards.OPERATOR_TASK
    counts = [
        (ready, reason, found.would_send),
        ("held", NOT_COMPOSED, found.findings_count),
        *(("held", f"{NOT_CHANGED}: {why}", count) for why, count in _stopped(found)),
        *((each.action, each.reason, count) for each, count in found.left_out_by.items()),
        *((state, "", count) for state, count in found.done.items()),
    ]
    for state, why, count in counts:
        if count:
            yield Tally(item.key, item.title, item.channel, state, why, count)


def _stopped(found: ItemPreview) -> Iterable[tuple[str, int]]:
    return found.crm.stopped_by.items() if found.crm else ()
