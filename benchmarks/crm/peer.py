"""A HubSpot-like peer on loopback that answers after 50 ms, and now and then fails.

`python -m benchmarks.crm.peer` prints its address; a line on stdin is answered with what it has:
`reset FAULTY` begins anew, `tell` gives the number of requests and every contact.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LATENCY_SECONDS = 0.05
EVERY = 50
"""One request in so many meets a fault: 2 %."""
PORTAL = 4711
UNIQUE = "aicmo_contact_id"
FAULTS = ("drop", "lose answer", "500 after", "429", "503 before")
_CONTACTS, _PROPERTIES = "/crm/v3/objects/contacts/batch/", "/crm/v3/properties/contacts/batch/read"
_LIMIT = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
"""Of a private app in a paid account; the peer itself refuses nobody for being quick."""


@dataclass
class Store:
    """Contacts by their id; the two indexes find them as HubSpot's unique properties do."""

    is_faulty: bool = False
    requests: int = 0
    contacts: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    by: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self) -> str:
        with self.lock:
            self.requests += 1
            number, place = divmod(self.requests, EVERY)
        is_hit = self.is_faulty and place == EVERY // 2
        return FAULTS[number % len(FAULTS)] if is_hit else ""

    def find(self, name: str, value: str) -> str | None:
        return (
            value
            if name == "hs_object_id" and value in self.contacts
            else self.by.get((name, value))
        )

    def put(self, name: str, value: str, properties: dict[str, str]) -> tuple[str, bool]:
        """The contact's id, and whether it is new."""
        found = self.find(name, value)
        there = found or str(len(self.contacts) + 1)
        self.contacts.setdefault(there, {}).update(properties)
        for unique in ("email", UNIQUE):
            if kept := properties.get(unique, value if name == unique else ""):
                self.contacts[there][unique] = kept
                self.by[unique, kept] = there
        return there, found is None


class Answering(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    # Else the body waits for the receipt of the headers: 40 ms more on a connection that is kept.
    disable_nagle_algorithm = True
    store: Store

    def log_message(self, format: str, *_arguments: Any) -> None:  # noqa: A002  (its own name)
        del format

    def do_GET(self) -> None:
        self._say(200, {"portalId": PORTAL, "timeZone": "UTC", "accountType": "STANDARD"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.store.fault()
        time.sleep(LATENCY_SECONDS)
        if fault == "drop":
            self.close_connection = True
        elif fault == "429":
            self._say(
                429, {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, {"Retry-After": "1"}
            )
        elif fault == "503 before":
            self._say(503, {"status": "error"})
        else:
            self._act(asked, fault)

    def _act(self, asked: dict[str, Any], fault: str) -> None:
        if self.path == _PROPERTIES:
            self._say(200, {"results": [_property(each["name"]) for each in asked["inputs"]]})
            return
        act = _ACTS[self.path.partition("?")[0].removeprefix(_CONTACTS)]
        with self.store.lock:
            results = act(self.store, asked)
        if fault == "lose answer":
            self.close_connection = True
        elif fault == "500 after":
            self._say(500, {"status": "error"})
        else:
            self._say(200, {"status": "COMPLETE", "results": results})

    def _say(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in (_LIMIT | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _property(name: str) -> dict[str, Any]:
    about = {"name": name, "label": name, "type": "string", "fieldType": "text"}
    return about | {"hasUniqueValue": name == UNIQUE}


def _read(store: Store, asked: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        store.find(asked.get("idProperty", "hs_object_id"), each["id"]) for each in asked["inputs"]
    ]
    names = [*asked.get("properties", ()), *asked.get("propertiesWithHistory", ())]
    return [
        {"id": each, "properties": {name: store.contacts[each].get(name) for name in names}}
        for each in found
        if each
    ]


def _write(store: Store, asked: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for each in asked["inputs"]:
        name = each.get("idProperty", "hs_object_id")
        there, is_new = store.put(name, each["id"], each["properties"])
        said = {"id": there, "new": is_new, "properties": dict(store.contacts[there])}
        results.append(said | {"objectWriteTraceId": each.get("objectWriteTraceId")})
    return results


_ACTS: dict[str, Callable[[Store, dict[str, Any]], list[dict[str, Any]]]] = {
    "read": _read,
    "upsert": _write,
    "update": _write,
}


def main() -> None:
    """Serves until stdin ends."""
    Answering.store = Store()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    for line in sys.stdin:
        if line.startswith("reset"):
            Answering.store = Store(is_faulty="FAULTY" in line)
            print("{}", flush=True)
        else:
            store = Answering.store
            told = {"requests": store.requests, "contacts": list(store.contacts.values())}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
