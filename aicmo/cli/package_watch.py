"""`aicmo package --watch`: templates and documents rendered again on each save."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from aicmo.cli.console import plain, to_stdout
from aicmo.cli.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aicmo.packaging.content import ProjectContent
    from aicmo.packaging.rendering import Format


_LOOK_EACH_MS = 200
"""The first look comes when the folders are being watched already: no save is missed."""


def watch_templates(
    project: str, formats: Sequence[Format], templates: Path | None, document: Path | None
) -> None:
    """Renders now and whenever something is saved, until Ctrl-C; nothing is stored or recorded.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the folder of templates isn't there.
    """
    from aicmo.delivery.project_content import load_content

    named = {"--templates": templates, "--document": document}
    paths = {option: path for option, path in named.items() if path is not None}
    if not paths:
        raise typer.BadParameter("needs --templates, --document or both", param_hint="--watch")
    for option, path in paths.items():
        if not path.exists():
            raise typer.BadParameter(f"{path} isn't there", param_hint=option)
    content = load_content(open_ledger(), project)
    with suppress(KeyboardInterrupt):
        _render_on_each_save(content, formats, templates, document)
    to_stdout().print("Ended.")


def _render_on_each_save(
    content: ProjectContent,
    formats: Sequence[Format],
    templates: Path | None,
    document: Path | None,
) -> None:
    from watchfiles import watch

    # A document is watched by its folder: many editors save by putting another file in its place.
    folders = [path for path in (templates, document and document.parent) if path]
    begun = False
    for changes in watch(*folders, rust_timeout=_LOOK_EACH_MS, yield_on_timeout=True):
        saved = {path for _, path in changes}
        within = templates is not None and any(_is_in(path, templates) for path in saved)
        if not begun or within or (document is not None and str(document.resolve()) in saved):
            _render(content, formats, templates, document)
        if not begun:
            to_stdout().print("Watching; Ctrl-C ends.")
        begun = True


def _is_in(path: str, folder: Path) -> bool:
    return path.startswith((f"{folder.resolve()}/", f"{folder}/"))


def _render(
    content: ProjectContent,
    formats: Sequence[Format],
    templates: Path | None,
    document: Path | None,
) -> None:
    from aicmo.delivery.template_trial import try_out, with_document, with_templates
    from aicmo.errors import AicmoError
    from aicmo.settings import get_settings

    try:
        content = with_document(content, document) if document else content
        content = with_templates(content, templates) if templates else content
    except (AicmoError, OSError) as error:
        _say_problem("document", error)
        return
    began = time.monotonic()
    for format_, made in try_out(content, formats, get_settings().output_dir):
        if isinstance(made, Exception):
            _say_problem(format_, made)
        else:
            line = f"{made.resolve()}  {time.monotonic() - began:.1f} s"
            to_stdout().print(plain(line), soft_wrap=True)
        began = time.monotonic()


def _say_problem(what: str, error: Exception) -> None:
    from aicmo.errors import FixDocument
    from aicmo.redaction import describe

    console = to_stdout()
    console.print(plain(f"{what}: {describe(error)}", "bold red"), soft_wrap=True)
    if isinstance(error, FixDocument):
        for problem in error.problems:
            console.print(plain(f"  {problem}", "red"), soft_wrap=True)
