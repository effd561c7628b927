"""The steps of packaging many projects: which there are, and each one's package."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from aicmo.delivery.output_packager import build_project_package
from aicmo.models import Project
from tasks.steps import actor, current_database, repeatable, step


@dataclass(frozen=True, slots=True)
class Packaged:
    """What became of one project's package."""

    project_id: str
    files: int
    errors: tuple[str, ...]


@repeatable(name="list-projects", task_run_name="list projects")
def list_projects() -> list[str]:
    """Every project, by id."""
    with step("list_projects"), current_database().read() as session:
        return list(session.scalars(select(Project.id).order_by(Project.id)))


@repeatable(name="package-project", task_run_name="package {project_id}")
def package_project(project_id: str) -> Packaged:
    """Builds, checks and stores one project's package; what is missing is told, never raised."""
    with step("package_project"):
        result = build_project_package(project_id, actor=actor())
        return Packaged(project_id, result.file_count(), tuple(result.errors))
