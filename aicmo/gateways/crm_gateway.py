"""What the gateways of CRMs share: contacts are read, judged, and changed in batches, record by record."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any, ClassVar

from aicmo.crm.change import Change
from aicmo.crm.record import Found, Match, Record
from aicmo.crm.schema import Schema
from aicmo.gateways.account_gateway import AccountGateway, NoToken
from aicmo.gateways.contract import (
    NOT_CHANGED,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    Scope,
    Staged,
    StillAllowed,
)
from aicmo.gateways.crm_reconciling import reading_of
from aicmo.gateways.crm_staging import Asked, objection_to, stage_change
from aicmo.gateways.http_answers import Answer
from aicmo.gateways.http_exchange import NoAnswer

SO_ALREADY = "nothing to change: the CRM has it already"
_AGAIN_AFTER = timedelta(seconds=5)
_SO_ALREADY = Outcome(OutcomeKind.SENT, detail=SO_ALREADY)
_NO_WORD = Outcome(OutcomeKind.UNKNOWN, detail="the answer says nothing about this record")
_NOT_ALLOWED = Outcome(OutcomeKind.NOT_SENT, detail="no longer allowed")
_TWICE = Outcome(
    OutcomeKind.NOT_SENT, detail="another change of this contact went first", scope=Scope.BATCH
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a group of records."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Update:
    """Values that a record is to have, by property; `record` is the CRM's own id."""

    record: str
    values: Mapping[str, str]


class CrmGateway(AccountGateway):
    """A CRM's own part: `profile`, `find`, `read_schema`, `set_values` and the requests of a group.

    records_per_request: deliveries that one request carries at most.
    """

    channel = "crm"
    not_staged = NOT_CHANGED
    records_per_request: ClassVar[int] = 1

    @abstractmethod
    def find(self, matches: Sequence[Match], names: Collection[str]) -> list[Found]:
        """The contact of each match, with these properties; changes nothing.

        First who has our id, then who has the address, in any of a contact's addresses.

        Raises:
            NoToken: the log-in can't be used.
            Refused: the CRM refuses to say.
            httpx.HTTPError: there is no answer.
        """

    @abstractmethod
    def read_schema(self) -> Schema:
        """What the CRM says of its properties and lists; raises as `find` does."""

    @abstractmethod
    def create_unique(self, name: str, *, of_activities: bool) -> None:
        """Makes the unique property that keeps our ids; raises as `find` does."""

    @abstractmethod
    def set_values(self, updates: Sequence[Update]) -> list[Outcome]:
        """Sets values of records by their ids, which may be repeated; one outcome each, never raises."""

    def opt_out(self, records: Sequence[Record], name: str) -> list[Outcome]:
        """Tells the CRM who wants no email any more; one outcome each, never raises."""
        return self.set_values([Update(each.id, {name: "true"}) for each in records])

    def stage(self, draft: Outgoing) -> Staged:
        """See `Gateway.stage`."""
        return self.stage_batch([draft])[draft.delivery_id]

    def stage_batch(self, drafts: Sequence[Outgoing]) -> dict[int, Staged]:
        """Reads each contact as it is now, and judges what of its change is sent."""
        asked = [Asked(each, Change.from_bytes(each.payload)) for each in drafts]
        names = {name for each in asked for name in each.names}
        try:
            found = self._read(asked, names)
            return {
                each.draft.delivery_id: self._staged(each, one)
                for each, one in zip(asked, found, strict=True)
            }
        except Exception as error:  # noqa: BLE001  (nothing was armed: all of it can be tried again)
            objection = objection_to(error)
            return {each.delivery_id: Staged(each.staged, objection) for each in drafts}

    def _read(self, asked: Sequence[Asked], names: Collection[str]) -> list[Found]:
        """The contact of each change, and what else a CRM's own part needs to know of a batch.

        Raises as `find` does, or FixInput.
        """
        return self.find([each.match for each in asked], names)

    def _staged(self, asked: Asked, found: Found) -> Staged:
        """What of one change is sent; a CRM's own part may add what its requests need."""
        return stage_change(asked, found)

    def reconcile(self, question: Question) -> Reading:
        """Whether a change in doubt is there: by its values, or by the id of its activity."""
        staged = question.staged
        if "activity" in staged:
            return self._activity(question)
        if "list" in staged:
            return self._membership(question)
        (found,) = self.find([Match(**staged["match"])], set(staged["write"]))
        return reading_of(found, staged)

    @abstractmethod
    def _activity(self, question: Question) -> Reading:
        """Whether the activity with the delivery's token is there; raises as `find` does."""

    @abstractmethod
    def _membership(self, question: Question) -> Reading:
        """Whether the contact is in the list; raises as `find` does."""

    def send_batch(
        self, batch: Iterable[Outgoing], still_allowed: StillAllowed
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        """See `Gateway.send_batch`: as many records to a request as the CRM takes."""
        if not self.permit.may_send:
            raise PermissionError("this gateway was opened to ask, not to send")
        twice: list[Outgoing] = []
        waiting, ended = _first_of_each_contact(batch, twice), None
        while some := list(islice(waiting, self.records_per_request)):
            for outgoing, outcome in self._send_some(some, still_allowed, ended):
                yield outgoing, outcome
                if ended is None and outcome.ends_batch:
                    ended = _untried_after(outcome)
        yield from ((each, ended or _TWICE) for each in twice)

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        ((_, outcome),) = self._send_some([outgoing], still_allowed, None)
        return outcome

    def _send_some(
        self, some: Sequence[Outgoing], still_allowed: StillAllowed, ended: Outcome | None
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        by_kind: dict[str, list[Outgoing]] = {}
        for each in some:
            if is_so_already(each.staged):
                yield each, _so_already(each.staged)
            else:
                by_kind.setdefault(self._kind(each), []).append(each)
        for kind, group in by_kind.items():
            outcomes = dict.fromkeys((each.delivery_id for each in group), ended or _NO_WORD)
            if ended is None:
                outcomes |= self._send_group(kind, group, still_allowed)
                outcomes = _as_one(self._soon(outcomes))
            for each in group:
                outcome = outcomes[each.delivery_id]
                ended = ended or (_untried_after(outcome) if outcome.ends_batch else None)
                yield each, outcome

    def _soon(self, outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
        """Without an answer, a record is looked at again in seconds: to repeat it has one effect."""
        soon = self._clock() + _AGAIN_AFTER
        return {
            each: replace(one, not_before=one.not_before or soon)
            if one.kind is OutcomeKind.UNKNOWN else one
            for each, one in outcomes.items()
        }  # fmt: skip

    def _send_group(
        self, kind: str, group: Sequence[Outgoing], still_allowed: StillAllowed
    ) -> Mapping[int, Outcome]:
        try:
            request = self._request(kind, group)
            headers = {"Content-Type": "application/json", **self._login(), **request.headers}
            answer, gone = self._exchange.write(
                request.method, request.path, lambda these: self._request(kind, these).body,
                headers, group, still_allowed,
            )  # fmt: skip
            left = {each.delivery_id for each in group} - {each.delivery_id for each in gone}
            return {**dict.fromkeys(left, _NOT_ALLOWED), **self._outcomes(kind, gone, answer)}
        except (NoAnswer, NoToken) as none:
            return dict.fromkeys((each.delivery_id for each in group), none.outcome)
        except Exception as error:  # noqa: BLE001  (an unforeseen failure proves nothing)
            outcome = Outcome(OutcomeKind.UNKNOWN, code=type(error).__name__)
            return dict.fromkeys((each.delivery_id for each in group), outcome)

    @abstractmethod
    def _kind(self, outgoing: Outgoing) -> str:
        """What may go in one request together has the same kind."""

    @abstractmethod
    def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
        """The request for these; the same but for its body when some of them are left out."""

    @abstractmethod
    def _outcomes(
        self, kind: str, group: Sequence[Outgoing], answer: Answer
    ) -> Mapping[int, Outcome]:
        """What the answer means for each, by delivery id; one that it doesn't name is in doubt."""


def _as_one(outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """What several records of a request share counts once."""
    times = Counter(outcomes.values())
    shared = {one: replace(one, shared=True) for one, count in times.items() if count > 1}
    return {each: shared.get(one, one) for each, one in outcomes.items()}


def _untried_after(outcome: Outcome) -> Outcome:
    """Of the others of a batch that has ended."""
    scope = Scope.BATCH if outcome.scope is Scope.BATCH else Scope.RUN
    return Outcome(OutcomeKind.NOT_SENT, detail=outcome.detail, scope=scope)


def _first_of_each_contact(batch: Iterable[Outgoing], twice: list[Outgoing]) -> Iterator[Outgoing]:
    """Notes in `twice` who comes again: they were judged by what the first change replaces."""
    seen: set[str] = set()
    for each in batch:
        whom = _changed_contact(each.staged)
        if whom and whom in seen:
            twice.append(each)
        else:
            seen.add(whom)
            yield each


def _changed_contact(staged: Mapping[str, Any]) -> str:
    """Whom it changes, by the CRM's id or by what a new one is found by; '' if nobody's values."""
    if "activity" in staged or "list" in staged or is_so_already(staged):
        return ""
    match = staged["match"]
    return staged["record"] or match["email"] or match["contact_id"]


def _so_already(staged: Mapping[str, Any]) -> Outcome:
    """With where it is: after a lost answer, nothing else tells."""
    ref = str(staged.get("there") or staged["record"])
    return replace(_SO_ALREADY, ref=ref, permalink=staged["link"])


def is_so_already(staged: Mapping[str, Any]) -> bool:
    """Nothing has to be sent: the contact is there, with all that we want; or the activity is."""
    if staged.get("there"):
        return True
    if "activity" in staged or "list" in staged or not staged.get("record"):
        return False
    # Without our id, a changed address would find nobody the next time.
    is_known = staged["has_id"] or not staged["match"]["id_property"]
    return is_known and not staged["write"]
