"""BottleCRM on loopback, as far as a gateway speaks to it, in the shapes of its own server (1.35.0).

`test_real_bottlecrm.py` asks the real one; this one fails on demand, and refuses names that the real one
drops without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from aicmo.gateways.contract import RepeatClass
from tests.peers.crm_peer import CrmPeer, Kept, iso
from tests.peers.routes import Call, Reply, Route, require, require_fields

_TEXTS = ("first_name", "last_name", "email", "phone", "title", "city", "country", "description")
_TAKEN = {"email": ["Contact already exists with this email"]}
_USER = "op@agency.test"


class BottleCrmPeer(CrmPeer):
    """fields: types of the organization's own fields by their keys. tags: names by their ids."""

    repeats = RepeatClass.READABLE
    contact_id, email = "cf_aicmo_contact_id", "email"
    routes: ClassVar = (
        Route("POST", "/api/contacts/", "addition", acts=True),
        Route("PATCH", "/api/contacts/{id}/", "edit_contact", acts=True),
        Route("POST", "/api/contacts/{id}/", "comment", acts=True),
        Route("POST", "/api/interactions/", "interaction", acts=True),
        Route("GET", "/api/contacts/", "listed"),
        Route("GET", "/api/contacts/{id}/", "shown"),
        Route("GET", "/api/interactions/", "interactions"),
        Route("GET", "/api/custom-fields/", "definitions"),
        Route("POST", "/api/custom-fields/", "define"),
        Route("GET", "/api/tags/", "listed_tags"),
        Route("GET", "/api/activities/", "changes"),
        Route("GET", "/api/leads/sources/", "sources"),
        Route("GET", "/api/org/settings/", "organization"),
        Route("GET", "/api/profile/", "user"),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields = {
            "aicmo_contact_id": "text", "stage": "dropdown", "score": "number", "no_email": "checkbox",
        }  # fmt: skip
        self.tags = {f"t-{each}": each for each in ("golf", "judo", "vip")}
        self.role = "ADMIN"
        self.tells_changes = True

    def unauthorized(self) -> Reply:
        detail = "Organization context is required. Please login again."
        return Reply(403, {"detail": detail})

    def bad_request(self, why: str) -> Reply:
        return Reply(400, {"error": True, "errors": {"non_field_errors": [why]}})

    # Requests that act

    def addition(self, call: Call) -> Reply:
        values = self._values(call.json)
        require(bool(values.get("first_name") and values.get("last_name")), "no name")
        if self.with_value("email", values.get("email", "")):
            return _refused(_TAKEN)
        if self._is_refused(values):
            return _refused({"title": [f"“{values.get('title')}” is not a valid choice."]})
        made = self.create(values)
        return self._said(made, {"error": False, "message": "Contact created", "id": made.id})

    def edit_contact(self, call: Call) -> Reply:
        contact, values = self._kept(call), self._values(call.json)
        if contact is None:
            return _gone()
        if any(each is not contact for each in self.with_value("email", values.get("email", ""))):
            return _refused(_TAKEN)
        if self.mark(contact) in self.refused:
            return _refused({"title": ["This may not be so."]})
        self.change(contact, values)
        return self._said(contact, {"error": False, "message": "Contact Updated Successfully"})

    def comment(self, call: Call) -> Reply:
        contact = self._kept(call)
        if contact is None:
            return _gone()
        require_fields(call.json, ("comment",))
        text = call.json["comment"]
        require(0 < len(text) <= 10_000, f"{len(text)} characters")
        if self.mark(contact) in self.refused:
            return _refused({"comment": ["This may not be so."]})
        self.note("comment", {"text": text}, [contact.id])
        return self._said(contact, self._page_of(contact))

    def interaction(self, call: Call) -> Reply:
        names = ("contact", "kind", "direction", "occurred_at", "subject", "body")
        require_fields(call.json, names)
        require(call.json["kind"] == "email" and call.json["direction"] == "outbound", "its kind")
        require(len(call.json["subject"]) <= 200, "its subject")
        require(len(call.json["body"]) <= 10_000, "its body")
        require(datetime.fromisoformat(call.json["occurred_at"]).tzinfo is not None, "its time")
        contact = self.contacts.get(call.json["contact"])
        if contact is None:
            return Reply(404, {"detail": "No such record."})
        if self.mark(contact) in self.refused:
            return _refused({"body": ["This may not be so."]})
        values = {name: str(call.json[name]) for name in names[1:]}
        made = self.note("interaction", values, [contact.id])
        return self._said(contact, {"id": made.id, **values}, status=201)

    def _said(self, contact: Kept, content: dict[str, Any], status: int = 200) -> Reply:
        return Reply(status, {} if self.mark(contact) in self.unnamed else content)

    def _is_refused(self, values: Mapping[str, str]) -> bool:
        return self.mark(Kept("", dict(values))) in self.refused

    def _values(self, members: Mapping[str, Any]) -> dict[str, str]:
        """What a request sets, by our names; a value is text, a list of tags or null."""
        require_fields(members, (), (*_TEXTS, "tags", "custom_fields"))
        custom = members.get("custom_fields") or {}
        require_fields(custom, (), tuple(self.fields))
        values = {name: str(members[name] or "") for name in _TEXTS if name in members}
        if "tags" in members:
            values["tags"] = ";".join(sorted(self.tags[each] for each in members["tags"]))
        return values | {f"cf_{name}": str(value or "") for name, value in custom.items()}

    # Questions

    def listed(self, call: Call) -> Reply:
        query = call.query
        limit, offset = int(query.pop("limit", "10")), int(query.pop("offset", "0"))
        found = list(reversed(self.contacts.values()))
        for name, value in query.items():
            require(name == "email" or name.startswith("cf_"), f"no filter {name}")
            found = [each for each in found if _fits(each.values.get(name, ""), name, value)]
        page = [self._contact(each) for each in found[offset : offset + limit]]
        return Reply(200, {"count": len(found), "results": page, "countries": [["GB", "Britain"]]})

    def shown(self, call: Call) -> Reply:
        contact = self._kept(call)
        return Reply(200, self._page_of(contact)) if contact else _gone()

    def interactions(self, call: Call) -> Reply:
        query = call.query
        require_fields(query, ("contact", "limit", "offset"))
        found = self._activities("interaction", query["contact"])
        found = sorted(found, key=lambda each: each.values["occurred_at"], reverse=True)
        start, most = int(query["offset"]), min(int(query["limit"]), 200)
        page = [{"id": each.id, **each.values} for each in found[start : start + most]]
        return Reply(200, {"interactions": page, "count": len(found)})

    def definitions(self, call: Call) -> Reply:
        require(call.query.get("target_model") == "Contact", "no target_model")
        stages = [{"value": each, "label": each} for each in ("subscriber", "lead", "customer")]
        found = [
            {
                "key": key, "label": key, "field_type": kind, "is_required": False,
                "options": stages if kind == "dropdown" else None,
            }
            for key, kind in self.fields.items()
        ]  # fmt: skip
        return Reply(200, {"definitions": found, "totals": None})

    def define(self, call: Call) -> Reply:
        require_fields(call.json, ("target_model", "key", "label", "field_type"))
        key = call.json["key"]
        if key in self.fields:
            return _refused({"key": [f"a Contact field with key '{key}' already exists"]})
        self.fields[key] = call.json["field_type"]
        return Reply(201, {"id": "1", **call.json})

    def listed_tags(self, call: Call) -> Reply:
        del call
        return Reply(200, {"tags": [{"id": key, "name": name} for key, name in self.tags.items()]})

    def changes(self, call: Call) -> Reply:
        require(call.query.get("entity_type") == "Contact", "no entity_type")
        if not self.tells_changes:
            return Reply(403, {"detail": "This token is not scoped for read access to activities."})
        found = [
            {"user": {"email": _USER}, "entity_id": each.id, "timestamp": iso(_changed_at(each))}
            for each in self.contacts.values()
        ]
        return Reply(200, {"activities": found[:50]})

    def sources(self, call: Call) -> Reply:
        del call
        return Reply(200, {"sources": [{"key": "web", "label": "Web", "is_active": True}]})

    def organization(self, call: Call) -> Reply:
        del call
        return Reply(200, {"id": self.identity, "name": "Acme"})

    def user(self, call: Call) -> Reply:
        del call
        return Reply(200, {"user_obj": {"role": self.role}})

    def _kept(self, call: Call) -> Kept | None:
        require(urlsplit(call.request.path).query == "", "a query")
        return self.contacts.get(call.names["id"])

    def _activities(self, kind: str, contact: str) -> list[Kept]:
        found = self.activities.values()
        return [each for each in found if each.kind == kind and contact in each.contacts]

    def _page_of(self, contact: Kept) -> dict[str, Any]:
        comments = [
            {"id": each.id, "comment": each.values["text"]}
            for each in self._activities("comment", contact.id)
        ]
        return {"contact_obj": self._contact(contact), "comments": comments}

    def _contact(self, contact: Kept) -> dict[str, Any]:
        values, ids = contact.values, {name: key for key, name in self.tags.items()}
        custom = {
            name: _as_json(kind, values[f"cf_{name}"])
            for name, kind in self.fields.items()
            if values.get(f"cf_{name}")
        }
        tags = [ids.get(each, each) for each in values.get("tags", "").split(";") if each]
        return {
            "id": contact.id, **{name: values.get(name) or None for name in _TEXTS},
            "tags": tags, "custom_fields": custom, "updated_at": iso(_changed_at(contact)),
        }  # fmt: skip


def _fits(there: str, name: str, asked: str) -> bool:
    """Addresses by any part of them, whatever its case; own fields as they are."""
    return asked.lower() in there.lower() if name == "email" else there == asked


def _as_json(kind: str, value: str) -> object:
    if kind == "number":
        return float(value)
    return value == "true" if kind == "checkbox" else value


def _changed_at(contact: Kept) -> float:
    return max(at for changes in contact.history.values() for _, at, _ in changes)


def _refused(errors: dict[str, Any]) -> Reply:
    return Reply(400, {"error": True, "errors": errors})


def _gone() -> Reply:
    return Reply(404, {"detail": "No Contact matches the given query."})
