"""What all frameworks have in common: their tables, and how they are installed and run."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    file: str
    name: str
    # `ready`, `already`, `refused` or `absent`
    outcome: str
    # how many tests are skipped more than before
    count: int = 0
    or_more: bool = False


class Framework:
    name: str
    # as `--framework` names it, where that is not the name
    editor = ""
    table = "cases.txt"
    read_row: Callable[[str], Row]
    # where a sample stands in its repository
    place = "tests"
    # files that samples need beside them
    beside: tuple[str, ...] = ()
    # file, or (file, name): why its edit is not run
    unfit: dict = {}
    # (file, name): how many tests are skipped, where the table does not tell
    counts: dict = {}

    def install(self, tools: Path) -> str:
        """Makes the framework ready to run, or says why it cannot be."""
        raise NotImplementedError

    def lay(self, folder: Path, samples: Path, variant) -> None:
        """A folder with one source in it, as it is run."""
        for file in self.beside:
            copy(samples / file, folder / file)
        target = folder / variant.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(variant.content)

    def title(self, test: tuple) -> str:
        """Its own title, without its groups and its row of a table; empty where there is none."""
        return test[-1].rpartition(" > ")[2]

    def run(self, folders: list[Path], files: list[str]) -> list[dict]:
        """For each folder what became of each test, by the titles from the outermost group to the test."""
        raise NotImplementedError


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def call(command: list, folder: Path, env: dict | None = None, limit: int = 300, fail: bool = False) -> str:
    """Its output. That tests fail is no failure of the call, unless it is said to be one."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", errors="replace",
                          stdin=subprocess.DEVNULL, timeout=limit)
    if fail and done.returncode:
        shown = " ".join(map(str, command))
        raise SystemExit(f"{shown} exits {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def lacking(*programs: str) -> str:
    """Which of the programs are not there, as a reason to skip."""
    gone = [program for program in programs if not shutil.which(program)]
    return f"no {' and no '.join(gone)} on this machine" if gone else ""


def numbered(results: list[tuple[str, str]]) -> dict:
    """Outcomes by title; tests of the same title are told apart by a number."""
    seen: Counter = Counter()
    outcomes = {}
    for title, status in sorted(results):
        seen[title] += 1
        outcomes[(title if seen[title] == 1 else f"{title} (number {seen[title]})",)] = status
    return outcomes


def read_table(framework, samples: Path) -> list[Row]:
    table = samples / framework.table
    lines = table.read_text("utf-8").splitlines()
    rows = [framework.read_row(line) for line in lines if line.strip() and not line.startswith("#")]
    rows = [Row(row.file, row.name, row.outcome, framework.counts.get((row.file, row.name), row.count), row.or_more)
            for row in dict.fromkeys(rows)]
    known = {row.file for row in rows} | {(row.file, row.name) for row in rows}
    stale = [key for key in [*framework.counts, *framework.unfit] if key not in known]
    if not rows or stale:
        raise SystemExit(f"{table}: has no rows, or none for {stale}")
    return rows


def of_python(line: str) -> Row:
    """`file | name | ready 3 | text`; with `-` for what is expected to fail, which is no pass before."""
    file, name, outcome, _ = (cell.strip() for cell in line.split("|"))
    outcome, _, count = outcome.partition(" ")
    return Row(file, name.replace("\\\\", "\\"), outcome, int(count.replace("-", "1") or 0))


def of_script(line: str) -> Row:
    r"""`file | name | skip | marked line | warning`; `\|` stands for a bar, the warning tells the number."""
    cells = [cell.strip().removesuffix(" |").replace("\0", "|") for cell in line.replace("\\|", "\0").split(" | ")]
    file, name, outcome, _, warning = (cells + [""] * 2)[:5]
    return counted(file, name, outcome.removesuffix(" |"), warning)


def of_javascript(line: str) -> Row:
    """`file, skip, 3, name, line`, by tabs; `3?` where the source does not tell the number."""
    file, outcome, count, name = line.split("\t")[:4]
    return Row(file, name, outcome.replace("skip", "ready"), int(count.removesuffix("?")))


def of_compiled(line: str) -> Row:
    """`file, name, ready, line##warning`, by tabs; the warning tells the number."""
    file, name, outcome, detail = (line.split("\t", 3) + [""])[:4]
    return counted(file, name, outcome, detail.partition("##")[2])


def counted(file: str, name: str, outcome: str, warning: str) -> Row:
    outcome = outcome.replace("skip", "ready")
    if outcome != "ready":
        return Row(file, name, outcome)
    number = re.search(r"\d+", warning)
    open_ends = ("least", "not known", "every test", "does not tell", "abstract", "each set")
    vague = any(words in warning for words in open_ends)
    return Row(file, name, outcome, int(number[0]) if number else 1, vague)
