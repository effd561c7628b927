"""The steps of packaging many projects: which there are, and each one's package."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo.delivery.handover import projects_to_package
from aicmo.delivery.output_packager import build_project_package
from tasks.steps import actor, current_database, repeatable, step


@dataclass(frozen=True, slots=True)
class Packaged:
    """What became of one project's package."""

    project_id: str
    files: int
    errors: tuple[str, ...]


@repeatable(name="list-projects", task_run_name="list projects")
def list_projects() -> list[str]:
    """Every project that has a package of its own, by id."""
    with step("list_projects"), current_database().read() as session:
        return projects_to_package(session)


@repeatable(name="package-project", task_run_name="package {project_id}")
def package_project(project_id: str) -> Packaged:
    """Builds, checks and stores one project's package; what is missing is told, never raised."""
    with step("package_project"):
        result = build_project_package(project_id, actor=actor())
        return Packaged(project_id, result.file_count(), tuple(result.errors))
