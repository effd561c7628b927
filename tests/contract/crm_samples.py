"""What the tests of all CRMs are made with: changes, contacts that are there, and how both are sent."""

from __future__ import annotations

import dataclasses
import json
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from aicmo.crm.change import Action, Activity, Change, WantedField, WantedStage
from aicmo.crm.providers import PROVIDERS
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    Outcome,
    Outgoing,
    Staged,
    StillAllowed,
)
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.gateways.http_answers import Clock, utc_now
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.plans.crm import CrmProvider, FieldType
from tests.contract.gateway_contract import (
    UNKNOWN,
    GatewayContract,
    Mode,
    always,
    permit,
)
from tests.contract.mail_api_contract import (
    COMMON,
    PATIENT,
    mode,
    patience,
)
from tests.contract.social_samples import (
    NO_OBJECTION,
    TOKEN,
    Tokens,
)
from tests.peers.crm_peer import CrmPeer, Kept
from tests.peers.http_exchange import Fault

LOST = Fault(applies=True, then="close")
LONG_AGO, LATELY = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)

CRM_MODES: Mapping[str, Mode] = COMMON | {
    # What became of each record stands in the body.
    "apply, then cut": mode(Fault(applies=True, then="cut"), UNKNOWN),
    "apply, then 200 without a reference": mode(Fault(applies=True, content={}), UNKNOWN),
}


class CrmSamples(GatewayContract):
    """names: the CRM's own properties: `email`, `name` (what a contact needs), `job` (any text), and,
    where there are such, `stage`, `tags` and `score` (a number).

    order: values of the stage, from the first to the last. tag: a value that `tags` may have.
    reading: the handler of the peer that staging asks first. lists: there are some.
    has_id: it keeps our id of a contact in a unique property. links: it tells where a person opens one.
    """

    modes: ClassVar[Mapping[str, Mode]] = CRM_MODES
    channel = "crm"
    provider: ClassVar[CrmProvider]
    peer_type: ClassVar[type[CrmPeer]]
    names: ClassVar[Mapping[str, str]]
    order: ClassVar[tuple[str, ...]] = ("subscriber", "lead", "customer")
    tag: ClassVar[str] = "golf"
    reading: ClassVar[str]
    lists: ClassVar[bool] = True
    has_id: ClassVar[bool] = True
    links: ClassVar[bool] = True

    @abstractmethod
    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> CrmGateway:
        """The gateway under test."""

    def peer(self, script: Fault | None) -> CrmPeer:
        return self.peer_type({1: script} if script else {})

    def account(self, peer: CrmPeer) -> ProviderAccount:
        return ProviderAccount(peer.identity, "Acme", "acme.test", api_url=peer.base_url)

    def gateway(
        self,
        permit: LivePermit,
        peer: Any,
        tokens: TokenSource | None = None,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
        **changes: Any,
    ) -> CrmGateway:
        """`changes` are those of the account."""
        account = dataclasses.replace(self.account(peer), **changes)
        times = times or patience(peer)
        return self.open(permit, account, tokens or Tokens(), times=times, clock=clock)

    def send(
        self, peer: Any, outgoing: Outgoing, still_allowed: StillAllowed | None = None
    ) -> Outcome:
        """Staged with patience, whatever fault waits for the request that changes."""
        with self.gateway(permit(self.channel), peer, times=PATIENT) as gateway:
            ready = self.ready(peer, gateway, outgoing)
        with self.gateway(permit(self.channel), peer) as gateway:
            return gateway.send(ready, still_allowed or always)

    def ready(self, peer: Any, gateway: Gateway, outgoing: Outgoing) -> Outgoing:
        with peer.in_order():
            staged = gateway.stage(outgoing)
        assert staged.objection is None, staged.objection
        return as_kept(outgoing, staged)

    def objection(self, peer: CrmPeer, outgoing: Outgoing) -> Outcome:
        """Why it isn't sent; nothing was."""
        before = peer.effects
        with self.gateway(permit(self.channel), peer) as gateway:
            staged = gateway.stage(outgoing)
        assert staged.objection is not None
        assert staged.objection.kind not in NO_OBJECTION
        assert peer.effects == before
        return staged.objection

    # Samples

    def field(
        self, name: str, value: str, kind: FieldType = "text", conflict: Any = "ours", **more: Any
    ) -> WantedField:
        """A wanted property, by the contract's name of it."""
        own = self.names[name]
        return WantedField(name=own, value=value, type=kind, conflict=conflict, **more)

    def fields(self, number: int = 1) -> tuple[WantedField, ...]:
        return (
            self.field("email", f"c{number}@client.test", "email"),
            self.field("name", "Größe"),
            self.field("job", f"Café <owner> & {number}"),
        )

    def change(self, number: int = 1, action: Action = "upsert_contact", **more: Any) -> Change:
        made = PROVIDERS[self.provider]
        if action in ("upsert_contact", "set_properties"):
            more = {"fields": self.fields(number), **more}
        return Change(
            action=action,
            contact_id=f"acme:c{number}",
            id_property=made.contact_id,
            activity_id_property=made.delivery_id,
            **{"email": f"c{number}@client.test", **more},
        )

    def stage_change(self, number: int, to: str, back_because: str = "") -> Change:
        stage = WantedStage(
            property=self.names["stage"], value=to, order=self.order, back_because=back_because
        )
        return self.change(number, "set_stage", stage=stage)

    def activity_change(self, number: int = 1, kind: Any = "note", **more: Any) -> Change:
        fields = {
            "subject": "Spring <offer>", "body": "First line\nSecond & last",
            "at": datetime(2026, 11, 20, 9, 30, tzinfo=UTC), **more,
        }  # fmt: skip
        activity = Activity(kind=kind, **fields)
        return self.change(number, "log_activity", activity=activity)

    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        return self.outgoing_of(self.change(number), number, seconds_left)

    def outgoing_of(self, change: Change, number: int = 1, seconds_left: float = 30) -> Outgoing:
        return Outgoing(
            delivery_id=number, token=f"{TOKEN[:-3]}{number:03}", sender="1001",
            recipient=f"contact:c{number}", payload=change.to_bytes(),
            deadline=time.monotonic() + seconds_left,
        )  # fmt: skip

    def opt_out_property(self) -> str:
        """The property that says who wants no email; '' where the CRM has none of its own."""
        return PROVIDERS[self.provider].opt_out

    def there(self, peer: CrmPeer, number: int = 1, our_id: str = "", **values: str) -> Kept:
        """A contact that the CRM has, by the contract's names; its address is that of the number."""
        own = {self.names[name]: value for name, value in values.items()}
        own = {self.names["email"]: f"c{number}@client.test", **own}
        if our_id:
            own[PROVIDERS[self.provider].contact_id] = our_id
        return peer.add(own, at=LONG_AGO.timestamp())

    def value(self, contact: Kept, name: str) -> str:
        return contact.values.get(self.names[name], "")

    def send_all(
        self, peer: CrmPeer, batch: Sequence[Outgoing], still_allowed: StillAllowed = always
    ) -> dict[int, Outcome]:
        """Staged and sent together, by delivery."""
        with self.gateway(permit(self.channel), peer, times=PATIENT) as gateway:
            with peer.in_order():
                staged = gateway.stage_batch(batch)
            assert not [each.objection for each in staged.values() if each.objection]
            ready = [as_kept(each, staged[each.delivery_id]) for each in batch]
            sent = gateway.send_batch(ready, still_allowed)
            return {outgoing.delivery_id: outcome for outgoing, outcome in sent}


def as_kept(outgoing: Outgoing, staged: Staged) -> Outgoing:
    """A delivery with what was staged, as the database keeps it."""
    return dataclasses.replace(outgoing, staged=json.loads(json.dumps(dict(staged.values))))
