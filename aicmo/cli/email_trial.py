"""`aicmo email test`: an email of the plan to a colleague, before anybody else gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import plain, print_json, size, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.execution.test_send import Keys, Wanted
    from aicmo.gateways.contract import Outcome
    from aicmo.gateways.email_message import ComposedEmail

_WENT = ("sent", "duplicate")
_NEXT = {
    "not_sent": "`aicmo email doctor` looks at the relay; then run it again.",
    "refused_for_now": "Run it again later.",
    "refused_account": "Check user, password and sender; `aicmo email doctor` looks at the relay.",
    "refused_for_good": "Check the address and the message, then run it again.",
    "unknown": "Look into that mailbox before you send it again.",
}


def trial(
    project: Project,
    item: Annotated[str, typer.Argument(help="Id of an email of the plan.")],
    to: Annotated[str, typer.Option("--to", help="Where it goes: an address of the agency.")],
    contact: Annotated[
        str, typer.Option("--as", help="Id of a contact whose data it is filled with.")
    ] = "",
    by: By = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show it; sends nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send one email, marked as a test, to an address that AICMO_TEST_RECIPIENTS lists.

    It needs EXECUTION_ENABLED=true and no approval, is stopped by a pause, and is no delivery:
    the books stay as they are. At most 20 an hour for a project.
    """
    from aicmo.execution.test_send import Wanted

    wanted = Wanted(project, item, to, contact)
    if dry_run:
        _show_message(wanted, as_json=as_json)
        return
    outcome = _send(wanted, by)
    if as_json:
        print_json(_as_json(wanted, outcome))
    else:
        _show(to_stdout(), wanted, outcome)
    if outcome.kind not in _WENT:
        raise typer.Exit(FAILED)


def _send(wanted: Wanted, by: str | None) -> Outcome:
    from aicmo.execution.test_send import send_test
    from aicmo.gateways.registry import open_email_gateway
    from aicmo.settings import get_settings

    settings = get_settings()
    with progress("Sending"):
        return send_test(
            open_ledger(),
            wanted,
            _keys,
            open_email_gateway(settings),
            by=person(by),
            secret_key=settings.require_secret_key(),
        )


def _keys() -> Keys:
    from aicmo.execution.test_send import Keys
    from aicmo.settings import get_execution_config, get_settings

    return Keys(get_execution_config(), get_settings().test_recipients)


def _show(console: Console, wanted: Wanted, outcome: Outcome) -> None:
    detail = ": ".join(each for each in (outcome.code, outcome.detail) if each)
    if outcome.kind in _WENT:
        ref = f" ({outcome.ref})" if outcome.ref else ""
        line = plain(f"Accepted{ref}: look into the mailbox of {wanted.to}.", "green")
    elif outcome.kind == "unknown":
        line = plain(f"It may have gone out: {detail or 'no answer came'}.", "bold magenta")
    else:
        line = plain(f"Not sent: {detail or 'the relay gave no reason'}.", "bold red")
    console.print(line, soft_wrap=True)
    if step := _NEXT.get(outcome.kind):
        console.print(plain(f"Next: {step}"), soft_wrap=True)
    console.print(plain("A test is no delivery: the books are as they were.", "dim"))


def _as_json(wanted: Wanted, outcome: Outcome) -> dict[str, Any]:
    return {
        "project_id": wanted.project_id, "item": wanted.item, "outcome": outcome.kind.value,
        "code": outcome.code, "detail": outcome.detail, "ref": outcome.ref,
        "next_step": _NEXT.get(outcome.kind, ""),
    }  # fmt: skip


def _show_message(wanted: Wanted, *, as_json: bool) -> None:
    from aicmo.execution.test_send import compose_test

    composed = compose_test(open_ledger(), wanted)
    if as_json:
        print_json(_message_as_json(wanted, composed))
        return
    console = to_stdout()
    for name, value in composed.headers:
        console.print(plain(f"{name}: {value}"), soft_wrap=True)
    console.print(plain(f"\n{composed.text}"), soft_wrap=True)
    console.print(
        plain(f"\n{size(len(composed.payload))} with its HTML. Dry run: nothing was sent.", "bold")
    )


def _message_as_json(wanted: Wanted, composed: ComposedEmail) -> dict[str, Any]:
    return {
        "project_id": wanted.project_id, "item": wanted.item, "outcome": "dry_run",
        "sender": composed.sender, "recipient": composed.recipient,
        "headers": [list(each) for each in composed.headers], "text": composed.text,
        "html": composed.html, "bytes": len(composed.payload),
    }  # fmt: skip
