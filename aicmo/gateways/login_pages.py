"""Which pages on LinkedIn a log-in may post as.

Source: Microsoft Learn, "Organization Access Control", 2026-08.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from aicmo.errors import FixInput, TryLater
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.json_shapes import objects
from aicmo.gateways.linkedin_version import VERSION
from aicmo.gateways.login import Login
from aicmo.gateways.oauth_tokens import AnswerLost, ask

_MAY_POST = ("ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER")
_QUERY = {"q": "roleAssignee", "state": "APPROVED", "count": "100"}


def pages_of(login: Login) -> list[str]:
    """The ids (`urn:li:organization:…`) of the pages whose owner is logged in, in order.

    Raises:
        FixInput: LinkedIn doesn't list them to this log-in.
        TryLater: it doesn't answer.
    """
    headers = {
        "Authorization": f"Bearer {login.access_token}", "LinkedIn-Version": VERSION,
        "X-Restli-Protocol-Version": "2.0.0", "X-RestLi-Method": "FINDER",
    }  # fmt: skip
    path = f"/rest/organizationAcls?{urlencode(_QUERY)}"
    try:
        answer = ask(login.api_url or "https://api.linkedin.com", "GET", path, headers=headers)
    except (NoToken, AnswerLost):
        raise TryLater("LinkedIn doesn't list the pages now", next_step="Begin again.") from None
    if answer.status != HTTPStatus.OK:
        raise FixInput(
            f"LinkedIn doesn't list your pages to this log-in ({answer.status})",
            next_step="Name the page: `--account urn:li:organization:…`, with the number that its "
            "admin page has in its address.",
        )
    try:
        found = objects(answer.content()["elements"])
        return sorted({str(each["organization"]) for each in found if each["role"] in _MAY_POST})
    except (KeyError, TypeError, ValueError):
        raise TryLater("LinkedIn's list of pages can't be read", next_step="Begin again.") from None
