"""A DNS server on loopback that answers from a small zone, counts questions, or keeps silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""Records by name and type: `("client.example", "MX"): ["10 mx.client.example."]`."""


class DnsPeer:
    """Runs while the context is open. What isn't in the zone doesn't exist (NXDOMAIN).

    silent: it never answers. failing: names that it answers with SERVFAIL.
    """

    def __init__(
        self, zone: Zone | None = None, *, silent: bool = False, failing: Sequence[str] = ()
    ) -> None:
        self.zone = dict(zone or {})
        self.silent = silent
        self.failing = set(failing)
        self.questions: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._stop = threading.Event()

    @property
    def resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        self._socket.settimeout(0.1)
        while not self._stop.is_set():
            try:
                wire, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            question = dns.message.from_wire(wire)
            name = question.question[0].name.to_text(omit_final_dot=True)
            kind = dns.rdatatype.to_text(question.question[0].rdtype)
            self.questions.append(f"{name} {kind}")
            if not self.silent:
                self._socket.sendto(self._answer(question, name, kind).to_wire(), sender)

    def _answer(self, question: dns.message.Message, name: str, kind: str) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *records))
        elif name not in {each for each, _ in self.zone}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def text(*strings: str) -> str:
    """A TXT record of these strings, as a zone file has it."""
    return " ".join(f'"{each}"' for each in strings)
