"""Reads of the DNS that end in time, and that tell "there is none" from "nobody answered"."""

from __future__ import annotations

import time

import dns.exception
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

_QUESTION_SECONDS = 4.0
_ALL_SECONDS = 20.0


class Unanswered(Exception):
    """Nothing is known: there is no resolver, it doesn't answer, or it reports a failure.

    A turn in the doctor's questions: each becomes "not checked".
    """


class Dns:
    """The machine's resolver, asked for at most twenty seconds in all.

    resolver: another one than the machine's own.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver or _of_this_machine()
        self._ends_at = time.monotonic() + _ALL_SECONDS
        self._has_answered = False

    def texts(self, name: str) -> list[str]:
        """The TXT records of `name`, each with its strings joined (RFC 7208 §3.3)."""
        return [
            b"".join(each.strings).decode("ascii", "replace")
            for each in self._ask(name, dns.rdatatype.TXT)
            if isinstance(each, TXT)
        ]

    def mail_hosts(self, name: str) -> list[str]:
        """The mail servers of `name`; `.` is the null MX (RFC 7505): it takes no mail."""
        records = self._ask(name, dns.rdatatype.MX)
        return [
            each.exchange.to_text(omit_final_dot=True) for each in records if isinstance(each, MX)
        ]

    def addresses(self, name: str) -> list[str]:
        """The IPv4 and IPv6 addresses of `name`."""
        kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
        return [each.to_text() for kind in kinds for each in self._ask(name, kind)]

    def names_of(self, address: str) -> list[str]:
        """The names that an IP address is given in the reverse zone."""
        reverse = dns.reversename.from_address(address).to_text()
        return [each.to_text().removesuffix(".") for each in self._ask(reverse, dns.rdatatype.PTR)]

    def _ask(self, name: str, kind: RdataType) -> list[Rdata]:
        """The records; none if there are none.

        Raises:
            Unanswered: nobody knows whether there are any.
        """
        if self._resolver is None:
            raise Unanswered("this machine has no DNS resolver")
        seconds = min(_QUESTION_SECONDS, self._ends_at - time.monotonic())
        if seconds <= 0:
            raise Unanswered("the DNS resolver is too slow")
        try:
            found = self._resolver.resolve(name, kind, lifetime=seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            found = ()
        except dns.exception.Timeout:
            self._give_up_if_silent()
            raise Unanswered("the DNS resolver doesn't answer") from None
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(f"the DNS lookup failed ({type(error).__name__})") from None
        self._has_answered = True
        return list(found)

    def _give_up_if_silent(self) -> None:
        # A resolver that never said a word would be waited for once per question.
        if not self._has_answered:
            self._ends_at = 0.0


def read_tags(record: str) -> dict[str, str]:
    """The tags of a DKIM or DMARC record (RFC 6376 §3.2), names in lower case, without spaces."""
    pairs = (each.partition("=") for each in record.split(";") if "=" in each)
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}


def _of_this_machine() -> dns.resolver.Resolver | None:
    try:
        return dns.resolver.Resolver()
    except dns.exception.DNSException:
        return None
