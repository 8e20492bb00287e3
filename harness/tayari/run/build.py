"""Which build of the merchant is judged: what the command line says, the variables of the CI server, and git."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from tayari_reports.model.facts import Build

CI_SERVERS: Final[tuple[Build, ...]] = (
    Build(commit="GITHUB_SHA", branch="GITHUB_REF_NAME", ci_run="GITHUB_RUN_ID", operator="GITHUB_ACTOR"),
    Build(commit="CI_COMMIT_SHA", branch="CI_COMMIT_REF_NAME", ci_run="CI_JOB_URL", operator="GITLAB_USER_LOGIN"),
    Build(
        commit="BUILDKITE_COMMIT",
        branch="BUILDKITE_BRANCH",
        ci_run="BUILDKITE_BUILD_URL",
        operator="BUILDKITE_BUILD_CREATOR",
    ),
    Build(commit="CIRCLE_SHA1", branch="CIRCLE_BRANCH", ci_run="CIRCLE_BUILD_URL", operator="CIRCLE_USERNAME"),
    Build(
        commit="BUILD_SOURCEVERSION",
        branch="BUILD_SOURCEBRANCHNAME",
        ci_run="BUILD_BUILDID",
        operator="BUILD_REQUESTEDFOR",
    ),
    Build(commit="GIT_COMMIT", branch="GIT_BRANCH", ci_run="BUILD_URL", operator="BUILD_USER_ID"),
)
"""The names of the variables of GitHub, GitLab, Buildkite, CircleCI, Azure and Jenkins; the first whose commit is set
is asked."""

_GITHUB_RUN: Final = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
_GIT_S: Final = 5.0


def read_build(name: str, *, folder: Path, environment: Mapping[str, str]) -> Build:
    """The build in `folder`, which the user calls `name`. What nobody says stays empty."""
    server = next((row for row in CI_SERVERS if environment.get(row.commit)), None)
    found = _from_git(folder) if server is None else _from_variables(server, environment)
    return replace(found, name=" ".join(name.split()))


def _from_variables(server: Build, environment: Mapping[str, str]) -> Build:
    values = {row.name: environment.get(getattr(server, row.name), "") for row in fields(Build)}
    found = Build(**values)
    if server.ci_run == _GITHUB_RUN[-1] and all(environment.get(name) for name in _GITHUB_RUN):
        address, repository, run = (environment[name] for name in _GITHUB_RUN)
        return replace(found, ci_run=f"{address}/{repository}/actions/runs/{run}")
    return found


def _from_git(folder: Path) -> Build:
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return Build()
    changed = "+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else ""
    branch = _git(folder, "branch", "--show-current")
    return Build(commit=commit + changed, branch=branch, operator=_git(folder, "config", "user.name"))


def _git(folder: Path, *words: str) -> str:
    """What git says; empty where there is no git, no repository, or no answer."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *words]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_GIT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").strip()
