"""Email addresses: their syntax, and when two of them are one mailbox."""

from __future__ import annotations

import re

from aicmo.errors import FixInput

_PLAIN = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,24}",
    flags=re.IGNORECASE,
)
"""Addresses that need no library to be found good; the excluded names are special (RFC 6761)."""
_PLAIN_LENGTH = 63
"""No part of an address this short can be too long (RFC 5321 §4.5.3.1, RFC 1035 §2.3.4)."""


def ascii_address(email: str) -> str:
    """The address as it goes on the wire: the domain in lower-case ASCII (IDNA 2008).

    Raises:
        FixInput: it isn't an address, or the part before the @ isn't ASCII, which needs SMTPUTF8
            (RFC 6531) and is refused by many providers.
    """
    if len(email) <= _PLAIN_LENGTH and _PLAIN.fullmatch(email) and "--" not in email:
        local, domain = email.rsplit("@", 1)
        return f"{local}@{domain.lower()}"
    return _by_library(email)


def normalise_address(email: str) -> str:
    """The mailbox's identity: `Leo@Example.com` and `leo@example.com` are one.

    Raises:
        FixInput: it isn't an address.
    """
    return ascii_address(email).lower()


def _by_library(email: str) -> str:
    # imported on demand: it loads the tables of IDNA, and most addresses don't need them
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        found = validate_email(
            email,
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
            test_environment=True,
        )
    except (EmailNotValidError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise FixInput(
            f"{email[:80]!r} is not an email address that can be used: {reason}"
        ) from None
    return f"{found.local_part}@{found.ascii_domain}"
