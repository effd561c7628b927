"""`aicmo deliver` and `aicmo packages`: a package goes to the client, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.console import (
    count,
    grid,
    local_time,
    plain,
    print_json,
    size,
    state_text,
    to_stderr,
    to_stdout,
)
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.delivery.handover import Prepared
    from aicmo.delivery.package_overview import PackageOverview, PresignedLink
    from aicmo.storage.contract import PackageStore

Number = Annotated[
    int | None, typer.Option("--package", min=1, help="Number of the package; default the newest.")
]
_LARGEST_MESSAGE = 100_000


def deliver(
    project: Project,
    to: Annotated[
        list[str], typer.Option(help='Who gets it: "Anna Berg <anna@client.example>"; repeatable.')
    ],
    number: Number = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the links work.")] = 14,
    message: Annotated[str, typer.Option(help="What the email says, in place of our words.")] = "",
    message_file: Annotated[
        Path | None, typer.Option(help="A file with what the email says, in Markdown.")
    ] = None,
    by: By = None,
    *,
    internal: Annotated[
        bool, typer.Option("--internal", help="Also hand over an internal draft.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prepare emails that carry a link to a package; they wait for your approval like any other."""
    from aicmo.delivery.handover import Handover, prepare_handover
    from aicmo.settings import get_settings

    handover = Handover(project, tuple(to), number, days, _text(message, message_file), internal)
    prepared = prepare_handover(open_ledger(), handover, _store(), get_settings(), actor=person(by))
    if as_json:
        print_json(asdict(prepared))
    else:
        _show_prepared(to_stdout(), prepared)
    if prepared.is_outdated:
        warning = f"The plan has changed since package {prepared.package} was built."
        to_stderr().print(plain(f"Warning: {warning}", "yellow"), soft_wrap=True)


def packages(
    project: Project,
    number: Number = None,
    revoke: Annotated[
        int | None, typer.Option(help="Withdraw the link with this number, and its email.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.1, max=168, help="How long the links of --links work.")
    ] = 24,
    by: By = None,
    *,
    links: Annotated[
        bool, typer.Option("--links", help="Print the store's own links to a package's files.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a project's packages, who has a link to them, and what was opened."""
    from aicmo.delivery.handover import withdraw_link
    from aicmo.delivery.package_overview import presigned_links, read_overview

    database = open_ledger()
    if links:
        _show_presigned(presigned_links(database, project, number, _store(), hours=hours), as_json)
        return
    if revoke is not None:
        is_new = withdraw_link(database, project, revoke, actor=person(by))
        said = "is withdrawn: its page is gone, and its email isn't sent if it hadn't been."
        to_stderr().print(f"Link {revoke} {said if is_new else 'was withdrawn before.'}")
    with database.read() as session:
        found = read_overview(session, project, database.now(session))
    if as_json:
        print_json(asdict(found))
    else:
        _show_overview(to_stdout(), found)


def _text(message: str, file: Path | None) -> str:
    from aicmo.plans.reading import read_text

    if message and file is not None:
        raise typer.BadParameter("can't be combined with --message", param_hint="--message-file")
    return read_text(file, _LARGEST_MESSAGE) if file is not None else message


def _store() -> PackageStore:
    from aicmo.settings import get_settings
    from aicmo.storage.opening import open_store

    return open_store(get_settings().packages_folder_or_url())


def _show_prepared(console: Console, prepared: Prepared) -> None:
    emails = count(len(prepared.items), "email")
    console.print(
        plain(f"{emails} for package {prepared.package} prepared; nothing is sent.", "bold")
    )
    for item in prepared.items:
        console.print(plain(f"  {item}"))
    items, project = " ".join(prepared.items), prepared.project_id
    console.print("\nNext:")
    send = f"EXECUTION_ENABLED=true aicmo execute {project} --enable --live"
    for step in ("preview", "approve"):
        console.print(plain(f"  aicmo {step} {project} {items}"), soft_wrap=True)
    console.print(plain(f"  {send}"), soft_wrap=True)


def _show_overview(console: Console, found: PackageOverview) -> None:
    if not found.packages:
        console.print(
            plain(f"{found.project_id} has no package yet: `aicmo package {found.project_id}`.")
        )
        return
    table = grid(["Package", "Status", "Plan", "Built", "By", "Files", "Kept"], right=(0, 2, 5))
    for each in found.packages:
        table.add_row(
            str(each.number), plain(each.status, "yellow" if each.status != "final" else "green"),
            f"v{each.plan_version}", local_time(each.built_at, found.timezone), plain(each.built_by),
            str(len(each.files)), plain(_store_of(each.store_url)),
        )  # fmt: skip
    console.print(table)
    if found.packages[-1].plan_version != found.plan_version:
        console.print(plain(f"The plan is at version {found.plan_version} by now.", "yellow"))
    _show_links(console, found)


def _store_of(manifest_url: str) -> str:
    """The store's own address: without project, checksum and name."""
    return manifest_url.rsplit("/", 3)[0] or "not stored"


def _show_links(console: Console, found: PackageOverview) -> None:
    if not found.links:
        return
    columns = ["Link", "Package", "For", "Email", "State", "Until", "Opened", "Downloads", "Last"]
    table = grid(columns, right=(0, 1, 6, 7))
    for each in found.links:
        last = local_time(each.last_visit_at, found.timezone) if each.last_visit_at else ""
        table.add_row(
            str(each.id), str(each.package), plain(each.recipient),
            state_text(each.email.partition(":")[0], each.email), plain(each.state),
            local_time(each.expires_at, found.timezone), str(each.opened), str(each.downloaded), last,
        )  # fmt: skip
    console.print()
    console.print(table)


def _show_presigned(links: tuple[PresignedLink, ...], as_json: bool) -> None:  # noqa: FBT001
    if as_json:
        print_json({"links": [asdict(each) for each in links]})
        return
    console = to_stdout()
    console.print(f"Until {links[0].expires_at:%Y-%m-%d %H:%M} UTC, for whoever has them:")
    for each in links:
        console.print(plain(f"\n{each.name}, {size(each.size)}", "bold"))
        console.print(plain(each.url), soft_wrap=True)
