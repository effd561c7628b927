"""Whose log-in a token of BottleCRM is."""

from __future__ import annotations

from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.bottlecrm_answers import unreadable
from aicmo.gateways.bottlecrm_contacts import Ask

_HIDDEN = "its user isn't an administrator of BottleCRM, so contacts of others may be hidden"


def read_profile(ask: Ask) -> Profile:
    """The one organization that the token is for.

    Raises:
        NoToken, Refused, httpx.HTTPError: BottleCRM doesn't say.
    """
    organization, user = ask("/api/org/settings/"), ask("/api/profile/")
    try:
        problems = () if user["user_obj"]["role"] == "ADMIN" else (_HIDDEN,)
        return Profile(str(organization["id"]), name=str(organization["name"]), problems=problems)
    except (KeyError, TypeError):
        raise unreadable() from None
