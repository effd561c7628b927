"""Logging in from the terminal: by a page in the browser, by an app password, or by what is given."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from aicmo.channels import Channel
from aicmo.cli.accounts_crm import log_in_to_salesforce, with_a_token
from aicmo.cli.accounts_server import read_server, require_reachable
from aicmo.cli.console import plain, to_stderr
from aicmo.cli.ledger import now

if TYPE_CHECKING:
    from pydantic import ValidationError

    from aicmo.gateways.login import Login
    from aicmo.gateways.oauth import Consent

_PATIENCE_SECONDS = 300.0
_MASTODON, _BOTTLECRM = "https://mastodon.social", "https://crm.example.com"


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody wants to log in.

    network: as `aicmo.gateways.logins` calls it: a channel, or the provider of a CRM.
    redirect: where the network sends the browser; on this machine, it is waited for there.
    paste: the browser is elsewhere, and its address is pasted. pages: of LinkedIn, to post as pages.
    is_read_only: of a CRM, to read only.
    """

    network: str
    server: str
    redirect: str
    paste: bool
    no_browser: bool
    pages: bool
    is_read_only: bool


def read_login(source: str, *, is_crm: bool) -> Login:
    """The log-in in a JSON file, or on stdin for `-`; some of its fields suffice.

    Raises:
        FixInput: it can't be read; the text repeats nothing of it.
    """
    from pydantic import ValidationError

    from aicmo.errors import FixInput
    from aicmo.gateways.login import Login

    name = "stdin" if source == "-" else source
    step = "docs/social.md lists the fields of each network, under Accounts."
    if is_crm:
        step = "docs/crm.md lists the fields of each CRM, under Connect a CRM."
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return Login.from_bytes(content)
    except ValidationError as error:
        raise FixInput(f"{name} holds no log-in: {_wrong(error)}", next_step=step) from None
    except OSError as error:
        said = f"{name} can't be read: {error.strerror}"
        raise FixInput(said, next_step=step) from None


def _wrong(error: ValidationError) -> str:
    """What is wrong with it, without anything of its values."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    if not place:
        return "it is no JSON object"
    if first["type"] == "extra_forbidden":
        return f"{place} is no field of it"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def obtain(way: Way, given: Login) -> Login:
    """A log-in that can be used, from what was given and what is asked for.

    Raises:
        FixAccount, TryLater: the network doesn't give one.
        FixInput: what was given doesn't do.
    """
    from aicmo.execution.account_asking import in_words
    from aicmo.gateways.account_gateway import NoToken
    from aicmo.gateways.logins import NETWORKS

    try:
        return _obtain(way, given)
    except NoToken as none:
        raise in_words(NETWORKS[way.network].name, none.outcome) from None


def _obtain(way: Way, given: Login) -> Login:
    match way.network:
        case Channel.BLUESKY:
            return _bluesky(way, given)
        case "salesforce":
            return log_in_to_salesforce(way.server, given)
        case Channel.MASTODON:
            given = _at_its_server(way, given, _MASTODON)
        case "bottlecrm":
            given = _at_its_server(way, given, _BOTTLECRM)
            given = with_a_token(way.network, given, is_read_only=way.is_read_only)
        case "hubspot":
            given = with_a_token(way.network, given, is_read_only=way.is_read_only)
        case _:
            pass
    if given.access_token or given.refresh_token:
        return _freshened(way.network, given)
    return _by_consent(way, given)


def _at_its_server(way: Way, given: Login, example: str) -> Login:
    login = given.with_(server=read_server(way.server or given.server, example))
    require_reachable(login)
    return login


def choose_page(login: Login) -> str:
    """The id of the page on LinkedIn to post as; asked where there are several.

    Raises:
        FixInput: the log-in may post as none, or LinkedIn doesn't say.
    """
    from aicmo.errors import FixInput
    from aicmo.gateways.login_pages import pages_of

    pages = pages_of(login)
    if not pages:
        raise FixInput(
            "You may post as no page on LinkedIn",
            next_step="An admin of the page makes you its content admin; then log in again.",
        )
    if len(pages) == 1:
        return pages[0]
    for number, page in enumerate(pages, start=1):
        number_at = page.rpartition(":")[2]
        where = f"https://www.linkedin.com/company/{number_at}/"
        to_stderr().print(plain(f"  {number}  {page}  {where}"), soft_wrap=True)
    choice: int = typer.prompt("Which page", type=int, err=True)
    if choice not in range(1, len(pages) + 1):
        raise typer.BadParameter(f"there is no page {choice}")
    return pages[choice - 1]


def _bluesky(way: Way, given: Login) -> Login:
    from aicmo.gateways.login_bluesky import log_in
    from aicmo.gateways.login_identity import find_home

    name = given.identifier or typer.prompt("Handle, such as acme.bsky.social", err=True)
    if server := way.server or given.server:
        server = read_server(server, "https://bsky.social")
        login = given.with_(identifier=name.strip().removeprefix("@"), server=server)
        require_reachable(login)
    else:
        home = find_home(name)
        login = given.with_(identifier=home.did, server=home.server)
    if not login.app_password:
        to_stderr().print(plain("Make one under Settings › Privacy and security › App passwords."))
        secret = typer.prompt("App password", hide_input=True, err=True)
        login = login.with_(app_password=secret.strip())
    return log_in(login, now())


def _freshened(name: str, given: Login) -> Login:
    from aicmo.gateways.logins import NETWORKS

    at, network = now(), NETWORKS[name]
    login = given if given.obtained_at else given.with_(obtained_at=at)
    is_due = network.is_due(login, at) or not login.access_token
    return network.refresh(login, at) if is_due else login


def _by_consent(way: Way, given: Login) -> Login:
    from aicmo.gateways.login_hubspot import to_read
    from aicmo.gateways.login_linkedin import ORGANISATION_SCOPES
    from aicmo.gateways.login_mastodon import register
    from aicmo.gateways.logins import NETWORKS
    from aicmo.gateways.oauth import Consent

    consent, oauth = Consent(_checked(way.redirect)), NETWORKS[way.network].oauth
    if oauth is None:
        raise TypeError(way.network)
    if way.network == Channel.MASTODON:
        login = register(given, consent, now())
    else:
        login = _with_an_app(way, given, NETWORKS[way.network].name)
    if way.pages:
        login = login.with_(scopes=ORGANISATION_SCOPES)
    if way.is_read_only:
        login = to_read(login)
    code = _code(way, consent, oauth.consent_page(login, consent))
    return oauth.log_in(login, consent, code, now())


def _with_an_app(way: Way, given: Login, network: str) -> Login:
    """The id and secret of the agency's own app at the network."""
    client_id, secret = given.client_id, given.client_secret
    if not client_id:
        said = f"Your app at {network} must name {way.redirect} as a redirect address."
        to_stderr().print(plain(said), soft_wrap=True)
        client_id = typer.prompt("Client id of the app", err=True)
        secret = typer.prompt("Client secret", hide_input=True, default="", err=True)
    return given.with_(client_id=client_id.strip(), client_secret=secret.strip())


def _checked(redirect: str) -> str:
    from aicmo.gateways.oauth_loopback import is_here

    if not is_here(redirect) and urlsplit(redirect).scheme != "https":
        text = "is neither https:// nor http:// on this machine (127.0.0.1)"
        raise typer.BadParameter(text, param_hint="--redirect")
    return redirect


def _code(way: Way, consent: Consent, page: str) -> str:
    from aicmo.gateways.oauth_loopback import Loopback, is_here

    if way.paste or not is_here(way.redirect):
        _show(page)
        said = (
            f"Then paste the address it ends at ({way.redirect}?…), even if nothing is shown there"
        )
        return consent.code_in(typer.prompt(said, err=True))
    with Loopback(way.redirect) as loopback:
        _show(page)
        if not way.no_browser:
            typer.launch(page)
        return loopback.wait(consent, _PATIENCE_SECONDS)


def _show(page: str) -> None:
    console = to_stderr()
    console.print("Open this page as the account's owner, and agree:")
    console.print(plain(page), soft_wrap=True)
