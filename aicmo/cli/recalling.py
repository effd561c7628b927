"""`aicmo recall`: published posts, and taking one back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.accounts_tables import NETWORK_NAMES
from aicmo.cli.app import FAILED
from aicmo.cli.console import grid, plain, print_json, print_whole, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.execution.published import Published


def recall(
    project: Project,
    delivery: Annotated[
        int | None, typer.Argument(help="Number of the delivery; without it, all are listed.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")] = "",
    by: By = None,
    *,
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve what was asked for: it is deleted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take a published post back: ask with --reason, then --approve. Without a number, list posts."""
    from aicmo.execution import recalling
    from aicmo.execution.accounts import open_gateway_of
    from aicmo.execution.published import DELETED, published
    from aicmo.settings import get_execution_config

    database = open_ledger()
    if delivery is None:
        with database.read() as session:
            _list(project, published(session, project), as_json=as_json)
        return
    if approve:
        post = recalling.approve_recall(
            database, project, delivery, get_execution_config(),
            lambda channel: open_gateway_of(database, project, channel), by=person(by),
        )  # fmt: skip
    else:
        post = recalling.ask_recall(database, project, delivery, by=person(by), reason=reason)
    if as_json:
        print_json({"project_id": project, **asdict(post)})
    else:
        _show(project, post)
    if approve and post.recall != DELETED:
        raise typer.Exit(FAILED)


def _list(project: str, posts: Sequence[Published], *, as_json: bool) -> None:
    if as_json:
        print_json({"project_id": project, "posts": [asdict(post) for post in posts]})
        return
    console = to_stdout()
    if not posts:
        console.print(plain(f"No post of {project} is out."))
        return
    table = grid(["Delivery", "Item", "Network", "Where", "Recall"], right=(0,))
    for post in posts:
        by_hand = f"\n({post.reason})" if post.reason else ""
        part = f", part {post.part}" if post.part > 1 else ""
        table.add_row(
            str(post.delivery_id), plain(f"{post.item}{part}"), NETWORK_NAMES[post.channel],
            plain(f"{post.permalink or 'not known'}{by_hand}"), plain(post.recall, "yellow"),
        )  # fmt: skip
    print_whole(console, table)


def _show(project: str, post: Published) -> None:
    from aicmo.execution.published import ASKED, DELETED, REFUSED

    console = to_stdout()
    where = post.permalink or f"{post.provider_ref} on {NETWORK_NAMES[post.channel]}"
    if post.recall == ASKED:
        console.print(plain(f"{post.title}, {where}"), soft_wrap=True)
        line = f"Asked for by {post.asked_by}: {post.recall_reason}. It is still there."
        console.print(plain(line, "yellow"), soft_wrap=True)
        step = f"`aicmo recall {project} {post.delivery_id} --approve --by NAME` deletes it."
        console.print(plain(f"Next: {step}"), soft_wrap=True)
    elif post.recall == DELETED:
        line = f"Deleted: {where}. The ledger keeps it as sent and taken back."
        console.print(plain(line), soft_wrap=True)
    elif post.recall == REFUSED:
        line = f"Refused: {where} is still there ({post.detail})."
        console.print(plain(line, "bold red"), soft_wrap=True)
        console.print(plain("Next: delete it in the network's own app or pages."))
    else:
        line = f"Not confirmed: {where} may still be there ({post.detail or 'no answer'})."
        console.print(plain(line, "bold red"), soft_wrap=True)
        console.print(plain("Next: look at it; approving the recall once more is safe."))
