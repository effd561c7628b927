"""Imports a project document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.outcomes import as_state, import_outcome, needs_attention
from flows.parameters import FilePath
from tasks.artifacts import publish_import, publish_problems
from tasks.importing import DocumentHasProblems, import_document
from tasks.steps import StepFailed


def _run_name() -> str:
    return f"import {Path(flow_run.parameters['path']).name}"


@flow(name="import-plan", flow_run_name=_run_name, persist_result=False)
def import_plan(path: FilePath, calendar: str = "") -> State[Any]:
    """Makes a project document the current plan of its project: all of it, or nothing.

    Args:
        path: The project document (.json, .yaml) to import, as the worker's machine sees it.
        calendar: A calendar (.csv, .xlsx) that replaces the document's items; empty for none.
    """
    try:
        imported = import_document(path, calendar)
    except DocumentHasProblems as error:
        publish_problems(str(error), error.problems, return_state=True)
        return as_state(needs_attention(str(error)))
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    publish_import(imported, return_state=True)
    return as_state(import_outcome(imported))
