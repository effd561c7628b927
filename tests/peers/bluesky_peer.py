"""A scripted Bluesky server on loopback: as far as our gateway speaks to it, and as strict as its lexicons.

Shapes are those of github.com/bluesky-social/atproto (2026-08-20), and of the real server's answers in
`tests/contract/test_social_servers.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import regex

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import Fault
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.social_peer import SocialPeer

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
COLLECTION = "app.bsky.feed.post"
_XRPC = "/xrpc/com.atproto."
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FEATURES = {"link": "uri", "mention": "did", "tag": "tag"}


class BlueskyPeer(SocialPeer):
    """An account's own server.

    home: the server that the account's document names; '' is this one.
    has_view: it can show profiles, as the public network's can.
    """

    repeats = RepeatClass.REPEAT_SAFE
    routes = (
        Route("GET", f"{_XRPC}server.getSession", "session"),
        Route("GET", f"{_XRPC}repo.describeRepo", "describe", is_open=True),
        Route("GET", "/xrpc/app.bsky.actor.getProfile", "profile"),
        Route("POST", f"{_XRPC}repo.uploadBlob", "upload"),
        Route("POST", f"{_XRPC}repo.putRecord", "put", acts=True),
        Route("GET", f"{_XRPC}repo.getRecord", "record", is_open=True),
        Route("POST", f"{_XRPC}repo.deleteRecord", "delete"),
    )

    def __init__(self, faults: Mapping[int | str, Fault] | None = None, **options: Any) -> None:
        super().__init__(faults, **({"identity": DID} | options))
        self.home, self.has_view, self.is_active = "", True, True
        self.blobs: dict[str, dict[str, Any]] = {}

    def unauthorized(self) -> Reply:
        return _error("InvalidToken", "Token could not be verified")

    def bad_request(self, why: str) -> Reply:
        return _error("InvalidRequest", why)

    def new_ref(self, number: int) -> str:
        return f"at://{self.identity}/{COLLECTION}/3ke6kg3wk2{number:03}".replace("0", "2")

    def forget_blobs(self) -> None:
        """As the server does with those that no record refers to."""
        self.blobs.clear()

    def session(self, call: Call) -> Reply:
        del call
        found = {"did": self.identity, "handle": "acme.test", "active": self.is_active}
        return Reply(content=found)

    def describe(self, call: Call) -> Reply:
        require(call.query == {"repo": self.identity}, f"repo {call.query}")
        service = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": self.home or self.base_url,
        }
        document = {"id": self.identity, "service": [service]}
        return Reply(content={"did": self.identity, "handle": "acme.test", "didDoc": document})

    def profile(self, call: Call) -> Reply:
        require(call.query == {"actor": self.identity}, f"actor {call.query}")
        if not self.has_view:
            return _error("UpstreamFailure", "Upstream service unreachable", 502)
        avatar = "https://cdn.bsky.app/img/avatar/plain/acme"
        return Reply(content={"displayName": "Acme", "avatar": avatar})

    def upload(self, call: Call) -> Reply:
        media_type = call.request.headers["content-type"]
        require(media_type.startswith("image/"), f"content type {media_type}")
        blob = {
            "$type": "blob",
            "ref": {"$link": link_of(call.request.body)},
            "mimeType": media_type,
            "size": len(call.request.body),
        }
        self.blobs[blob["ref"]["$link"]] = blob
        return Reply(content={"blob": blob})

    def put(self, call: Call) -> Reply:
        asked = call.json
        require_fields(asked, ["repo", "collection", "rkey", "record"], ["validate", "swapRecord"])
        require((asked["repo"], asked["collection"]) == (self.identity, COLLECTION), "repo")
        require(bool(_TID.fullmatch(asked["rkey"])), f"rkey {asked['rkey']}")
        record = asked["record"]
        self._check(record)
        if unknown := [link for link in _links(record) if link not in self.blobs]:
            return _error("BlobNotFound", f"Could not find blob: {unknown[0]}")
        uri = f"at://{self.identity}/{COLLECTION}/{asked['rkey']}"
        there = self.get(uri)
        if there and there.content != record and asked.get("swapRecord", "") is None:
            return _error("InvalidSwap", f"Record was at {_cid(there.content)}")
        if there:
            there.content = record
        else:
            parent = record.get("reply", {}).get("parent", {}).get("uri", "")
            self.publish(record["text"], record, ref=uri, parent=parent)
        return Reply(content={"uri": uri, "cid": _cid(record), "validationStatus": "valid"})

    def record(self, call: Call) -> Reply:
        require_fields(call.query, ["repo", "collection", "rkey"])
        uri = "at://{repo}/{collection}/{rkey}".format(**call.query)
        there = self.get(uri)
        if there is None:
            return _error("RecordNotFound", f"Could not locate record: {uri}")
        return Reply(content={"uri": uri, "cid": _cid(there.content), "value": there.content})

    def delete(self, call: Call) -> Reply:
        require_fields(call.json, ["repo", "collection", "rkey"])
        if there := self.get("at://{repo}/{collection}/{rkey}".format(**call.json)):
            there.is_deleted = True
        return Reply(content={})

    def _check(self, record: Mapping[str, Any]) -> None:
        optional = ["facets", "embed", "reply", "langs", "tags", "labels"]
        require_fields(record, ["$type", "text", "createdAt"], optional)
        require(record["$type"] == COLLECTION, "$type")
        require(bool(_MOMENT.fullmatch(record["createdAt"])), f"createdAt {record['createdAt']}")
        graphemes = len(regex.findall(r"\X", record["text"]))
        require(graphemes <= 300, f"grapheme too big (maximum 300, got {graphemes})")
        require(len(record["text"].encode()) <= 3_000, "text too long (maximum 3000)")
        require(len(record.get("langs", [])) <= 3, "array too big (maximum 3)")
        for facet in record.get("facets", []):
            _check_facet(facet, record["text"].encode())
        if embed := record.get("embed"):
            _check_embed(embed)
        for place in ("root", "parent") if "reply" in record else ():
            self._check_reference(record["reply"][place])

    def _check_reference(self, reference: Mapping[str, str]) -> None:
        require_fields(reference, ["uri", "cid"])
        there = self.get(reference["uri"])
        require(there is not None and _cid(there.content) == reference["cid"], "reply")


def link_of(content: bytes) -> str:
    """How these bytes are named: a content identifier of version 1, raw, SHA-256."""
    digest = bytes.fromhex("01551220") + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


def _check_facet(facet: Mapping[str, Any], text: bytes) -> None:
    require_fields(facet, ["index", "features"])
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    require(0 <= start < end <= len(text), f"facet at {start}-{end}")
    text[start:end].decode()  # a facet that cuts a letter is nobody's
    for feature in facet["features"]:
        kind = feature["$type"].removeprefix("app.bsky.richtext.facet#")
        require_fields(feature, ["$type", _FEATURES[kind]])


def _check_embed(embed: Mapping[str, Any]) -> None:
    kind = embed["$type"].removeprefix("app.bsky.embed.")
    require(kind in ("images", "external"), f"embed {kind}")
    require_fields(embed, ["$type", kind])
    if kind == "external":
        require_fields(embed["external"], ["uri", "title", "description"], ["thumb"])
        return
    require(1 <= len(embed["images"]) <= 4, "images")
    for image in embed["images"]:
        require_fields(image, ["image", "alt"], ["aspectRatio"])


def _links(record: Mapping[str, Any]) -> list[str]:
    return re.findall(r'"\$link": "(\w+)"', json.dumps(record))


def _cid(record: Mapping[str, Any]) -> str:
    written = json.dumps(record, sort_keys=True).encode()
    return "bafyrei" + hashlib.sha256(written).hexdigest()[:52]


def _error(name: str, message: str, status: int = 400) -> Reply:
    return Reply(status, {"error": name, "message": message})
