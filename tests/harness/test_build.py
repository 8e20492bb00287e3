"""The build that is judged is known from the CI server's variables, or from git, or not at all."""

import subprocess
from pathlib import Path

import pytest
from tayari.run.compose import read_build
from tayari_reports.model.facts import Build

COMMIT = "2f254700123456abcdef2f254700123456abcdef"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=Amina", "-c", "user.email=a@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "till")
    git(tmp_path, "config", "user.name", "Amina")
    (tmp_path / "tayari.yaml").write_text("merchant: {}\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "The shop")
    return tmp_path


def test_git_gives_commit_branch_and_person(repository: Path) -> None:
    found = read_build(" 1.4 rc\n2 ", folder=repository, environment={})

    assert found == Build(name="1.4 rc 2", commit=git(repository, "rev-parse", "HEAD"), branch="till", operator="Amina")


def test_changes_that_no_commit_has_are_reported(repository: Path) -> None:
    (repository / "tayari.yaml").write_text("merchant: {name: duka}\n")

    assert read_build("", folder=repository, environment={}).commit.endswith("+changes")


def test_a_folder_without_git_has_no_build(tmp_path: Path) -> None:
    assert read_build("", folder=tmp_path, environment={}) == Build()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {
                "GITHUB_SHA": COMMIT,
                "GITHUB_REF_NAME": "main",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "shop/till",
                "GITHUB_RUN_ID": "17",
                "GITHUB_ACTOR": "amina",
            },
            Build(
                commit=COMMIT,
                branch="main",
                ci_run="https://github.com/shop/till/actions/runs/17",
                operator="amina",
            ),
        ),
        (
            {"CI_COMMIT_SHA": COMMIT, "CI_COMMIT_REF_NAME": "main", "CI_JOB_URL": "https://gitlab.example/-/jobs/4"},
            Build(commit=COMMIT, branch="main", ci_run="https://gitlab.example/-/jobs/4"),
        ),
        ({"GIT_COMMIT": COMMIT, "BUILD_URL": "https://jenkins.example/job/till/9/"},
         Build(commit=COMMIT, ci_run="https://jenkins.example/job/till/9/")),
    ],
)  # fmt: skip
def test_a_ci_server_is_believed_before_git(environment: dict[str, str], expected: Build, repository: Path) -> None:
    assert read_build("", folder=repository, environment=environment) == expected
