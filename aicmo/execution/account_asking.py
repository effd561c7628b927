"""Asks a network or a CRM who is logged in, and says in words what it answers."""

from __future__ import annotations

import httpx

from aicmo.errors import FixAccount, TryLater
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import AccountGateway, NoToken, Profile, Refused
from aicmo.gateways.contract import OpenGateway, Outcome, OutcomeKind


def ask_profile(name: str, channel: str, open_gateway: OpenGateway) -> Profile:
    """Who is logged in, as the provider called `name` says; changes nothing there.

    Raises:
        FixAccount: it refuses the log-in.
        TryLater: it doesn't answer, or not in its own words.
    """
    with open_gateway(issue_account_permit(channel)) as gateway:
        if not isinstance(gateway, AccountGateway):
            raise TypeError(channel)
        try:
            return gateway.profile()
        except (NoToken, Refused) as none:
            raise in_words(name, none.outcome) from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            said = f"{name} doesn't say who is logged in ({type(error).__name__})"
            raise TryLater(said, next_step="Run it again later.") from None


def in_words(name: str, outcome: Outcome) -> FixAccount | TryLater:
    """An outcome of logging in, as a person reads it."""
    said = " ".join(part for part in (outcome.code, outcome.detail) if part) or "no reason given"
    if outcome.kind in (OutcomeKind.REFUSED_ACCOUNT, OutcomeKind.REFUSED_FOR_GOOD):
        step = "Look at the account there; `aicmo accounts add` takes a new log-in or app password."
        return FixAccount(f"{name} refuses the log-in: {said}", next_step=step)
    until = f" after {outcome.not_before:%H:%M} UTC" if outcome.not_before else " later"
    return TryLater(f"{name} gives no answer now: {said}", next_step=f"Run it again{until}.")
