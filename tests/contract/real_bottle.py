"""An organization on BottleCRM's own server, as a project's CRM: its account, its contacts, its gateway."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aicmo.crm.change import Action, Change, WantedField
from aicmo.crm.providers import PROVIDERS
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.bottlecrm import BottleCrmGateway
from aicmo.gateways.contract import Outcome, Outgoing, Question, Reading, Staged
from aicmo.plans.crm import FieldType
from tests.contract.gateway_contract import always, permit
from tests.contract.social_samples import Tokens
from tests.peers.bottle_crm import BottleCrm, BottleUser

ID = PROVIDERS["bottlecrm"].contact_id
SCOPES = (
    "contacts:read", "contacts:write", "interactions:read", "interactions:write",
    "custom-fields:read", "tags:read", "org:read", "profile:read", "activities:read",
)  # fmt: skip


@dataclass(frozen=True)
class Organization:
    """The client's, with what a project's CRM needs there."""

    user: BottleUser
    account: ProviderAccount
    token: str

    def gateway(self, url: str = "", token: str = "") -> BottleCrmGateway:
        account = dataclasses.replace(self.account, api_url=url or self.user.url)
        return BottleCrmGateway(permit("crm"), account, Tokens(token or self.token))

    # What is there

    def add(self, **fields: Any) -> str:
        """A contact that a person adds; its id."""
        named = {"first_name": "Ada", "last_name": "Lovelace", **fields}
        return self.user.call("POST", "contacts/", named)["id"]

    def edit(self, contact: str, **fields: Any) -> None:
        self.user.call("PATCH", f"contacts/{contact}/", fields)

    def add_tag(self, name: str) -> str:
        return self.user.call("POST", "tags/", {"name": name})["tag"]["id"]

    def add_field(self, key: str, kind: str, **more: Any) -> None:
        field = {"target_model": "Contact", "key": key, "label": key, "field_type": kind, **more}
        self.user.call("POST", "custom-fields/", field)

    def contacts(self) -> list[dict[str, Any]]:
        """The oldest first."""
        return list(reversed(self.user.call("GET", "contacts/?limit=1000")["results"]))

    def contact(self, record: str) -> dict[str, Any]:
        return self.user.call("GET", f"contacts/{record}/")["contact_obj"]

    def comments(self, record: str) -> list[str]:
        found = self.user.call("GET", f"contacts/{record}/")["comments"]
        return [each["comment"] for each in found]

    def interactions(self, record: str) -> list[dict[str, Any]]:
        return self.user.call("GET", f"interactions/?contact={record}")["interactions"]

    # What the gateway does

    def send(self, change: Change, url: str = "") -> tuple[Outgoing, Outcome]:
        """Staged, then sent; the delivery as it was armed."""
        with self.gateway(url) as gateway:
            ready = armed(gateway.stage(outgoing(change)), outgoing(change))
            return ready, gateway.send(ready, always)

    def objection(self, change: Change) -> str:
        with self.gateway() as gateway:
            objection = gateway.stage(outgoing(change)).objection
        assert objection
        return objection.detail

    def ask(self, sent: Outgoing) -> Reading:
        question = Question(1, sent.token, sent.recipient, datetime.now(UTC), staged=sent.staged)
        with self.gateway() as gateway:
            return gateway.reconcile(question)


def organization_on(server: BottleCrm, *, with_id: bool = True) -> Organization:
    user = server.sign_up()
    account = ProviderAccount(
        user.organization_id,
        user.organization,
        server="https://crm.client.test",
        api_url=server.url,
    )
    made = Organization(user, account, user.create_token(*SCOPES))
    if with_id:
        made.add_field(ID.removeprefix("cf_"), "text")
    return made


def wanted(name: str, value: str, kind: FieldType = "text", conflict: Any = "ours") -> WantedField:
    return WantedField(name=name, value=value, type=kind, conflict=conflict)


def person(number: int = 1, **fields: str) -> Sequence[WantedField]:
    values = {
        "first_name": "Zoë", "last_name": f"Größe {number}", "email": f"c{number}@client.test",
        **fields,
    }  # fmt: skip
    return tuple(
        wanted(name, value, "email" if name == "email" else "text")
        for name, value in values.items()
    )


def change(number: int = 1, action: Action = "upsert_contact", **more: Any) -> Change:
    if action == "upsert_contact":
        more = {"fields": person(number), **more}
    return Change(
        action=action, contact_id=f"acme:c{number}", id_property=ID, activity_id_property="",
        **{"email": f"c{number}@client.test", **more},
    )  # fmt: skip


def outgoing(change: Change) -> Outgoing:
    token = "0123456789abcdef0123456789abcde1"
    recipient = f"contact:{change.contact_id.partition(':')[2]}"
    return Outgoing(1, token, "", recipient, change.to_bytes(), time.monotonic() + 30)


def armed(staged: Staged, draft: Outgoing) -> Outgoing:
    """The delivery with what was staged, as the database keeps it."""
    assert staged.objection is None, staged.objection
    return dataclasses.replace(draft, staged=json.loads(json.dumps(dict(staged.values))))
