"""Contacts, notes and emails of a scripted HubSpot portal: read and written many at a time.

Unknown fields are refused, addresses and unique properties belong to one contact, a batch that names a record
twice is refused as a whole, and so is one with an error in it unless each record has a trace id of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.peers.crm_peer import CrmPeer, Kept, iso
from tests.peers.hubspot_shapes import (
    LONGEST_BODY,
    PROPERTIES,
    REQUIRED,
    STAGES,
    TO_CONTACT,
    Wrong,
    error,
    missing_scopes,
    not_found,
    only_id,
    record,
    version,
)
from tests.peers.routes import Call, Reply, require, require_fields

OBJECTS = ("contacts", "notes", "emails")
READ, WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"


class HubspotObjects(CrmPeer):
    """properties: by object and name, as HubSpot describes them. scopes: of the token.
    stages_go_forward: a stage that is set back stays as it was, without a word.
    hides_activities: they are there, and no read shows them yet.
    """

    contact_id, email = "aicmo_contact_id", "email"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.properties = {
            of: {each["name"]: dict(each) for each in some} for of, some in PROPERTIES.items()
        }
        self.scopes = {READ, WRITE, "crm.lists.read", "crm.lists.write", "sales-email-read"}
        self.stages_go_forward = self.hides_activities = False

    def is_unique(self, of: str, name: str) -> bool:
        return bool(self.properties[of].get(name, {}).get("hasUniqueValue"))

    # Reading

    def read(self, call: Call) -> Reply:
        asked, of = call.json, call.names["object"]
        require(of in OBJECTS, f"object {of}")
        require_fields(asked, ("inputs", "properties", "propertiesWithHistory"), ("idProperty",))
        if of == "emails" and "sales-email-read" not in self.scopes:
            return missing_scopes()
        ids = [only_id(each) for each in asked["inputs"]]
        most = 50 if asked["propertiesWithHistory"] else 100
        require(0 < len(ids) <= most, f"{len(ids)} inputs")
        require(len(set(ids)) == len(ids), "an input twice")
        by = asked.get("idProperty", "")
        require(not by or by == self.email or self.is_unique(of, by), f"{by} isn't unique")
        found = {each: self._find(of, by, each) for each in ids}
        results = [self._shown(each, asked) for each in found.values() if each]
        missing = [name for name, each in found.items() if not each]
        return self.many(200, results, not_found(missing) if missing else [])

    def _find(self, of: str, by: str, value: str) -> Kept | None:
        kept = self.contacts if of == "contacts" else self.activities
        if of != "contacts" and self.hides_activities:
            return None
        if not by:
            return kept.get(value)
        if by == self.email:
            return next(iter(self.with_address(value)), None)
        found = (each for each in kept.values() if each.values.get(by) == value)
        return next((each for each in found if of in (each.kind, "contacts")), None)

    def with_address(self, address: str) -> list[Kept]:
        return [
            each for each in self.contacts.values()
            if address.lower() in {
                each.values.get("email", "").lower(),
                *each.values.get("hs_additional_emails", "").lower().split(";"),
            }
        ]  # fmt: skip

    def _shown(self, kept: Kept, asked: Mapping[str, Any]) -> dict[str, Any]:
        history = {
            name: [version(*each) for each in reversed(kept.history.get(name, []))]
            for name in asked["propertiesWithHistory"]
        }
        values = {name: kept.values.get(name) for name in asked["properties"]}
        shown = record(kept, values)
        return shown | ({"propertiesWithHistory": history} if history else {})

    # Writing

    def upsert(self, call: Call) -> Reply:
        optional = ("objectWriteTraceId",)
        inputs = self._inputs(call, ("id", "idProperty", "properties"), optional)
        require(len({(each["idProperty"], each["id"]) for each in inputs}) == len(inputs), "twice")
        for each in inputs:
            require(self.is_unique("contacts", each["idProperty"]), "no unique property")
        return self._write(inputs, 200, self._upsert_one)

    def _upsert_one(self, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        kept = self._find("contacts", one["idProperty"], one["id"])
        values = {**one["properties"], one["idProperty"]: one["id"]}
        is_new = kept is None
        if kept is None:
            kept = self.create(values)
        else:
            self.change(kept, self._forward(kept, values))
        return kept, {"new": is_new}

    def update(self, call: Call) -> Reply:
        inputs = self._inputs(call, ("id", "properties"), ("objectWriteTraceId",))
        require(len({each["id"] for each in inputs}) == len(inputs), "the same record twice")
        return self._write(inputs, 200, self._update_one)

    def _update_one(self, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        kept = self.contacts.get(one["id"])
        if kept is None:
            raise Wrong("OBJECT_NOT_FOUND")
        self.change(kept, self._forward(kept, one["properties"]))
        return kept, {}

    def create_noted(self, call: Call) -> Reply:
        of = call.names["object"]
        require(of in TO_CONTACT, f"object {of}")
        inputs = self._inputs(call, ("properties", "associations"), ("objectWriteTraceId",), of)
        for each in inputs:
            require(not set(REQUIRED[of]) - set(each["properties"]), "a required property")
        return self._write(inputs, 201, lambda one: self._note_one(of, one))

    def _note_one(self, of: str, one: Mapping[str, Any]) -> tuple[Kept, dict[str, Any]]:
        contacts = [self._associated(of, each) for each in one["associations"]]
        if any(each not in self.contacts for each in contacts):
            raise Wrong("OBJECT_NOT_FOUND")
        if any(len(value) > LONGEST_BODY for value in one["properties"].values()):
            raise Wrong("VALIDATION_ERROR")
        for name, value in one["properties"].items():
            if self.is_unique(of, name) and self.activity_with(name, value):
                raise Wrong("VALIDATION_ERROR", "NOT_UNIQUE", name)
        return self.note(of, one["properties"], contacts), {}

    def _associated(self, of: str, association: Mapping[str, Any]) -> str:
        require_fields(association, ("to", "types"))
        for each in association["types"]:
            require_fields(each, ("associationCategory", "associationTypeId"))
            require(each["associationTypeId"] == TO_CONTACT[of], "association type")
        return only_id(association["to"])

    def _inputs(
        self, call: Call, required: Sequence[str], optional: Sequence[str], of: str = "contacts"
    ) -> list[dict[str, Any]]:
        require_fields(call.json, ("inputs",))
        inputs = call.json["inputs"]
        require(0 < len(inputs) <= 100, f"{len(inputs)} inputs")
        for each in inputs:
            require_fields(each, required, optional)
            for name, value in each["properties"].items():
                require(isinstance(value, str), f"{name} is no text")
                require(name in self.properties[of], f"PROPERTY_DOESNT_EXIST {name}")
        return inputs

    def _write(
        self,
        inputs: Sequence[dict[str, Any]],
        status: int,
        act: Callable[[Mapping[str, Any]], tuple[Kept, dict[str, Any]]],
    ) -> Reply:
        """Record by record if each has its own trace id; else all of them or none."""
        if WRITE not in self.scopes:
            return missing_scopes()
        traces = Counter(each.get("objectWriteTraceId") for each in inputs)
        errors = [(each, wrong) for each in inputs if (wrong := self._objection(each))]
        if errors and (None in traces or max(traces.values()) > 1):
            return error(400, str(errors[0][1]), "one of them is wrong")
        results: list[dict[str, Any]] = []
        for each in inputs:
            if any(each is one for one, _ in errors):
                continue
            try:
                kept, more = act(each)
            except Wrong as wrong:
                errors.append((each, wrong))
                continue
            named = {**each["properties"], "hs_object_id": kept.id}
            shown = (
                record(kept, {name: kept.values.get(name, named[name]) for name in named}) | more
            )
            shown |= {"objectWriteTraceId": each.get("objectWriteTraceId")}
            marks = [self.mark(self.contacts[one]) for one in kept.contacts] or [self.mark(kept)]
            if not self.unnamed & set(marks):
                results.append(shown)
        told = [
            wrong.told(each) for each, wrong in errors if self._name_of(each) not in self.unnamed
        ]
        return self.many(status, results, told)

    def _name_of(self, one: Mapping[str, Any]) -> str:
        return f"contact:{str(one.get('id', '')).rpartition(':')[2]}"

    def _objection(self, one: Mapping[str, Any]) -> Wrong | None:
        values, kept = one["properties"], self._find_input(one)
        marks = {self._name_of(one)} | ({self.mark(kept)} if kept else set())
        if marks & self.refused:
            return Wrong("VALIDATION_ERROR", "INVALID_OPTION", "jobtitle")
        for name, value in values.items():
            known = self.properties["contacts"].get(name)
            options = {each["value"] for each in known["options"]} if known else set[str]()
            if value and options and not set(value.split(";")) <= options:
                return Wrong("VALIDATION_ERROR", "INVALID_OPTION", name)
        others = [each for each in self.with_address(values.get("email", "")) if each is not kept]
        return Wrong("CONFLICT") if values.get("email") and others else None

    def _find_input(self, one: Mapping[str, Any]) -> Kept | None:
        if "associations" in one:
            return self.contacts.get(one["associations"][0]["to"]["id"])
        return self._find("contacts", one.get("idProperty", ""), one["id"])

    def _forward(self, kept: Kept, values: Mapping[str, str]) -> dict[str, str]:
        stage, now = values.get("lifecyclestage"), kept.values.get("lifecyclestage")
        if not (self.stages_go_forward and stage and now):
            return dict(values)
        is_back = STAGES.index(stage) < STAGES.index(now)
        return {
            name: each for name, each in values.items() if name != "lifecyclestage" or not is_back
        }

    def many(
        self, status: int, results: list[dict[str, Any]], errors: list[dict[str, Any]]
    ) -> Reply:
        if self.reorders:
            results.reverse()
        at = iso(self.clock())
        content: dict[str, Any] = {
            "status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at,
        }  # fmt: skip
        if errors:
            return Reply(207, {**content, "numErrors": len(errors), "errors": errors})
        return Reply(status, content)
