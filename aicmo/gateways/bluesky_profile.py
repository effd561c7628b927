"""What a Bluesky server says of an account: who it is, and where it is at home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicmo.gateways.account_gateway import Profile, Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.json_shapes import an_object, objects

APP = "https://bsky.app/profile"


def profile_of(session: Mapping[str, Any], shown: Mapping[str, Any]) -> Profile:
    """The profile from `com.atproto.server.getSession` and `app.bsky.actor.getProfile`."""
    identity, handle = str(session["did"]), str(session["handle"])
    problems: list[str] = []
    if session.get("active") is False:
        problems.append("The account is deactivated: nobody sees its posts.")
    if handle == "handle.invalid":
        problems.append("The account's handle doesn't lead to it any more.")
    return Profile(
        identity,
        name=str(shown.get("displayName") or handle),
        handle=f"@{handle}",
        avatar_url=str(shown.get("avatar") or ""),
        facts={"permalink": f"{APP}/{identity}"},
        problems=problems,
    )


def require_home(description: Mapping[str, Any], server: str) -> None:
    """The account's own document names its server (atproto.com/specs/did): no other has a say.

    Args:
        description: the answer of `com.atproto.repo.describeRepo`.
        server: the pinned one, `https://host`.

    Raises:
        Refused: it names another one.
    """
    services = objects(an_object(description["didDoc"]).get("service"))
    homes = [
        _plain(str(each["serviceEndpoint"]))
        for each in services
        if str(each.get("id")).endswith("#atproto_pds")
    ]
    if _plain(server) not in homes:
        detail = f"the account's server isn't {server}"
        raise Refused(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail[:200]))


def _plain(server: str) -> str:
    return server.rstrip("/").lower()
