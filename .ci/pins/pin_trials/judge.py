"""Pins and unpins one package in one repository, and lets the ecosystem's own tool say what it thinks of it."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .tools import Failed, Tools

GIT = ["git", "-c", "user.name=trial", "-c", "user.email=trial@example.com", "-c", "core.autocrlf=false"]


@dataclass(frozen=True)
class Set:
    """A project whose history has an older lock, and the package that goes back to it."""

    name: str
    package: str
    version: str
    files: dict[str, str]
    # The manifests of the earlier commit where they differ, and what changes its lock further.
    before: dict[str, str] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    # Which version of the tool or the lock.
    tool: str = ""
    # The history does not know the version, so the bot can only say that the lock must be refreshed.
    refresh: bool = False


class Ecosystem:
    """What an ecosystem has to tell of its tool."""

    id: str
    locks: tuple[str, ...] = ()
    # Raised when projects that were made before no longer count.
    edition = 1

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def sets(self) -> list[Set]:
        raise NotImplementedError

    def missing(self) -> str:
        """Installs the tool; answers why it cannot be tried."""
        raise NotImplementedError

    def resolve(self, root: Path, one: Set) -> None:
        """Lets the tool write the lock."""

    def refuses(self, root: Path, one: Set) -> str:
        """What the tool has against the project, or that it takes another version; empty where all is well."""
        raise NotImplementedError


@dataclass
class Verdict:
    name: str
    sets: int = 0
    accepted: int = 0
    refresh: int = 0
    problems: list[str] = field(default_factory=list)
    skipped: str = ""

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name}: skipped: {self.skipped}"
        line = f"{self.name}: {self.sets} sets, {self.accepted} accepted, {self.refresh} need a refresh"
        for problem in self.problems:
            line += "\n  PROBLEM " + problem.strip().replace("\n", "\n    ")
        return line


def judge(program: Path, tools: Tools, ecosystem: Ecosystem) -> Verdict:
    """Tries all sets of an ecosystem."""
    try:
        if why := ecosystem.missing():
            return Verdict(ecosystem.id, skipped=why)
        verdict = Verdict(ecosystem.id)
        for one in ecosystem.sets():
            verdict.sets += 1
            with tempfile.TemporaryDirectory(prefix="pin-") as place:
                try:
                    Trial(program, tools, ecosystem, one, Path(place).resolve()).run(verdict)
                except (Failed, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as why:
                    verdict.problems.append(f"{ecosystem.id}/{one.name}: {why}")
        return verdict
    except (Failed, OSError, subprocess.TimeoutExpired) as why:
        return Verdict(ecosystem.id, problems=[str(why)])


class Trial:
    def __init__(self, program: Path, tools: Tools, ecosystem: Ecosystem, one: Set, root: Path) -> None:
        self.program, self.tools, self.ecosystem, self.one, self.root = program, tools, ecosystem, one, root

    def git(self, *words: str) -> str:
        return self.tools.must([*GIT, *words], self.root).strip()

    def run(self, verdict: Verdict) -> None:
        one = self.one
        name = f"{self.ecosystem.id}/{one.name}"
        self.history()
        habit = self.habit()
        planned = self.plan("pin", "--package", one.package, "--version", one.version, "--ecosystem", self.ecosystem.id)
        self.commit(planned)
        refused = self.ecosystem.refuses(self.root, one)
        changed = self.changed() - habit
        self.clean()
        if not refused and not changed:
            verdict.accepted += 1
        elif one.refresh and planned["warnings"]:
            verdict.refresh += 1
        else:
            said = f"\nwarnings: {planned['warnings']}" if planned["warnings"] else "\nand there was no warning"
            verdict.problems.append(f"{name}: {refused or f'the tool changes {changed}'}{said}\n{planned['diff']}")
        again = self.answer("pin", "--package", one.package, "--version", one.version, "--ecosystem", self.ecosystem.id)
        if again["outcome"] not in ("already", "refused"):
            verdict.problems.append(f"{name}: pinned again it is {again['outcome']}\n{again['diff']}")
        if verdict.sets == 1 and self.ecosystem.locks:
            self.control(verdict, name)
        self.commit(self.plan("unpin", "--package", one.package))
        if difference := self.git("diff", "HEAD~2", "HEAD"):
            verdict.problems.append(f"{name}: not as before the pin\n{difference}")

    def habit(self) -> set[str]:
        """What the tool changes without any pin: Yarn brings every package.json into its own form. Asked once."""
        kept = self.made() / "habit.json"
        if not kept.is_file():
            if why := self.ecosystem.refuses(self.root, Unpinned(self.one)):
                raise Failed(f"the project is not right before the pin: {why}")
            kept.write_text(json.dumps(sorted(self.changed())))
            self.clean()
        return set(json.loads(kept.read_text()))

    def changed(self) -> set[str]:
        return set(self.git("diff", "--name-only").splitlines())

    def control(self, verdict: Verdict, name: str) -> None:
        """The tool must say no where the manifest is pinned and the lock is not, else its yes means nothing."""
        locks = [path for path in self.git("ls-files").splitlines() if path.rsplit("/", 1)[-1] in self.ecosystem.locks]
        self.git("checkout", "HEAD~1", "--", *locks)
        if not self.ecosystem.refuses(self.root, self.one):
            verdict.problems.append(f"{name}: the tool accepts the earlier lock too, so its word means nothing")
        self.git("reset", "--quiet", "--hard")
        self.clean()

    def clean(self) -> None:
        self.git("checkout", "--quiet", "--", ".")
        self.git("clean", "-fdqx")

    def answer(self, remedy: str, *words: str) -> dict:
        command = [self.program, "plan", remedy, "--repo", self.root, *words, "--json"]
        done = self.tools.run(command, self.root)
        try:
            return json.loads(done.output)
        except ValueError:
            raise Failed(f"no JSON: {done.said}") from None

    def plan(self, remedy: str, *words: str) -> dict:
        answer = self.answer(remedy, *words)
        if answer["outcome"] != "ready":
            raise Failed(f"{remedy} is {answer['outcome']}: {' '.join(answer['because'])}")
        return answer

    def commit(self, planned: dict) -> None:
        """Applies a diff as git does, and commits it."""
        patch = self.root / ".git" / "planned.diff"
        patch.write_bytes(planned["diff"].encode())
        self.git("apply", "--index", str(patch))
        if (tree := self.git("write-tree")) != planned["tree"]:
            raise Failed(f"the diff makes the tree {tree}, planned was {planned['tree']}")
        self.git("commit", "--quiet", "--message", planned["remedy"])

    def history(self) -> None:
        """Commits the earlier and the current state."""
        self.git("init", "--quiet")
        for state in self.states():
            for path in self.git("ls-files").splitlines():
                (self.root / path).unlink()
            # Not with the old times: git would take another text of the same length for unchanged.
            shutil.copytree(state, self.root, dirs_exist_ok=True, copy_function=shutil.copyfile)
            self.git("add", "--all", "--force")
            self.git("commit", "--quiet", "--allow-empty", "--message", state.name)

    def made(self) -> Path:
        recipe = hashlib.sha256(repr((self.one, self.ecosystem.edition)).encode()).hexdigest()[:12]
        return self.tools.place / "made" / self.ecosystem.id / f"{self.one.name}-{recipe}"

    def states(self) -> list[Path]:
        """Lets the tool make the two states, or takes those that it made before."""
        one, made = self.one, self.made()
        if not made.is_dir():
            fresh = made.with_name(made.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            for state, files in (("before", {**one.files, **one.before}), ("now", one.files)):
                self.make(fresh / state, files, one.commands if state == "before" else ())
            fresh.rename(made)
        return [made / "before", made / "now"]

    def make(self, kept: Path, files: dict[str, str], commands: tuple) -> None:
        with tempfile.TemporaryDirectory(prefix="made-") as place:
            root = Path(place).resolve()
            write(root, files)
            self.ecosystem.resolve(root, self.one)
            for command in commands:
                self.tools.must(list(command), root)
            locks = [path for path in root.rglob("*") if path.name in self.ecosystem.locks and "node_modules" not in path.parts]
            write(kept, files)
            for path in locks:
                (kept / path.relative_to(root)).write_bytes(path.read_bytes())


def Unpinned(one: Set) -> Set:  # noqa: N802
    """The same project, where any version is right."""
    return Set(one.name, one.package, "", one.files, tool=one.tool)


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
