"""What the program plans for each row of one file, applied and taken back in a repository of its own."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from base import Row

EXIT = {"ready": 0, "already": 1, "refused": 2}


@dataclass(frozen=True)
class Edit:
    """A source as it is run: the id in it stands for any."""

    file: str
    content: bytes


class Repository:
    def __init__(self, folder: Path, binary: Path):
        self.folder, self.binary = folder, binary
        self.git("init", "--quiet", "--initial-branch=main")
        for setting in ("core.autocrlf=false", "core.fsync=none", "gc.auto=0", "maintenance.auto=false"):
            self.git("config", *setting.split("="))
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message=sample")

    def git(self, *arguments: str, given: str | None = None) -> str:
        command = ["git", *arguments]
        data = given.encode() if given is not None else None
        done = subprocess.run(command, cwd=self.folder, input=data, capture_output=True, timeout=60)
        if done.returncode:
            raise ValueError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode().strip()

    def plan(self, remedy: str, *arguments: str) -> tuple[int, dict]:
        command = [self.binary, "plan", remedy, "--repo", self.folder, *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            raise ValueError(f"plan {remedy} exits {done.returncode}: {done.stderr.strip()}") from None

    def apply(self, plan: dict) -> None:
        self.git("apply", "--index", "--whitespace=nowarn", "-", given=plan["diff"])
        self.git("commit", "--quiet", "--allow-empty", "--message=edit")
        if self.git("rev-parse", "HEAD^{tree}") != plan["tree"]:
            raise ValueError("the diff leads to another tree than the one that the plan names")


def plan_file(framework, binary: Path, samples: Path, file: str, rows: list[Row], work: Path):
    """For each row its edit, if there is one, and what does not hold."""
    folder = work / "repository" / file.replace("/", "-")
    path = folder / framework.place / file
    path.parent.mkdir(parents=True)
    path.write_bytes((samples / file).read_bytes())
    repository = Repository(folder, binary)
    results = []
    for row in rows:
        try:
            results.append((row, plan_row(framework, repository, path, row), []))
        except ValueError as error:
            repository.git("reset", "--quiet", "--hard", ":/sample")
            results.append((row, None, [str(error)]))
    return results


def plan_row(framework, repository: Repository, path: Path, row: Row) -> Edit | None:
    original = path.read_bytes()
    arguments = [f"--test={row.name}", "--framework", framework.editor or framework.name, "--now", "2026-01-01"]
    code, plan = repository.plan("quarantine", *arguments)
    wished = row.outcome.replace("absent", "refused")
    if plan["outcome"] != wished or code != EXIT[wished]:
        raise ValueError(f"is {plan['outcome']} (exit {code}) instead of {row.outcome}: {plan['because']}")
    if wished != "ready":
        if plan["diff"]:
            raise ValueError(f"is {row.outcome}, but has a diff")
        return None
    if not plan["diff"]:
        raise ValueError("is ready without a diff")
    repository.apply(plan)
    edited = path.read_bytes()
    code, release = repository.plan("release", f"--id={plan['id']}")
    if code or release["outcome"] != "ready":
        raise ValueError(f"is not released (exit {code}): {release['because']}")
    repository.apply(release)
    if path.read_bytes() != original:
        raise ValueError("is not the same bytes after its release")
    if edited.count(plan["id"].encode()) != 1:
        raise ValueError("does not hold its id once")
    return Edit(row.file, edited.replace(plan["id"].encode(), b"0123456789"))
