"""Proves that the edits of `ci-rescue plan quarantine` hold for the real test frameworks.

    quarantine.py BIN TOOLS [FRAMEWORK...]

Each row of `tests/data/quarantine/<framework>/` is planned, applied, committed, released in a repository of its own.
The framework itself runs the sample before and after: as many tests are collected, exactly those that the row says are
skipped, and all others end as before. What the frameworks need is installed into TOOLS, once.
"""

import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import compiled
import javascript
import scripted
from base import Row, read_table
from plan import Edit, plan_file

SAMPLES = Path(__file__).resolve().parents[2] / "tests/data/quarantine"
FRAMEWORKS = [*scripted.FRAMEWORKS, *javascript.FRAMEWORKS, *compiled.FRAMEWORKS]
# Nothing that stands on this machine decides what git and the frameworks do.
ENVIRONMENT = {
    "CI": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "check",
    "GIT_AUTHOR_EMAIL": "check@example.com",
    "GIT_COMMITTER_NAME": "check",
    "GIT_COMMITTER_EMAIL": "check@example.com",
    "LC_ALL": "C.UTF-8",
}


def status_after(after: dict, test: tuple) -> str:
    """What became of a test; one that is gone since all around it is skipped, is skipped."""
    if test in after:
        return after[test]
    around = (test[:length] for length in range(1, len(test)))
    return "skipped" if any(after.get(outer) == "skipped" for outer in around) else "gone"


def named(framework, row: Row, tests: list[tuple]) -> list[tuple]:
    """The tests whose own title the name of the row ends with; none where it has a tail, or the title is a template."""

    def plain(text: str) -> str:
        return "".join(filter(str.isalnum, text))

    titles = {test: plain(framework.title(test)) for test in tests}
    ending = {test: title for test, title in titles.items() if title and plain(row.name).endswith(title)}
    longest = max(map(len, ending.values()), default=0)
    return [test for test, title in ending.items() if len(title) == longest]


def compare(framework, row: Row, before: dict, after: dict) -> list[str]:
    if not before:
        return ["runs no test before the edit"]
    wrong = [f"is new: {' > '.join(test)}" for test in after if test not in before]
    changed = {}
    for test, status in before.items():
        now = status_after(after, test)
        if now not in (status, "skipped"):
            wrong.append(f"was {status}, is {now}: {' > '.join(test)}")
        elif now != status:
            changed[test] = now
    # Of a group only its members count.
    outer = {test[:length] for test in changed for length in range(1, len(test))}
    skipped = [test for test in changed if test not in outer]
    if len(skipped) < row.count or (len(skipped) > row.count and not row.or_more):
        names = ", ".join(" > ".join(test) for test in skipped)
        wrong.append(f"skips {len(skipped)} instead of {row.count}{' or more' * row.or_more}: {names or 'none'}")
    wanted = named(framework, row, list(before))
    if len(skipped) == 1 and wanted and not any(skipped[0][: len(test)] == test for test in wanted):
        wrong.append(f"skips {' > '.join(skipped[0])} instead of {' > '.join(wanted[0])}")
    return wrong


def check(framework, binary: Path, work: Path) -> tuple[str, list[str]]:
    """One line on the framework, and what does not hold."""
    samples = SAMPLES / framework.name
    rows = read_table(framework, samples)
    files = list(dict.fromkeys(row.file for row in rows))
    with ThreadPoolExecutor(2) as pool:
        plan = lambda file: plan_file(framework, binary, samples, file, [r for r in rows if r.file == file], work)
        planned = [one for of_file in pool.map(plan, files) for one in of_file]

    problems = {row: list(wrong) for row, _, wrong in planned}
    edits = [(row, edit) for row, edit, _ in planned if edit]
    unfit = {row: framework.unfit.get((row.file, row.name)) or framework.unfit.get(row.file) for row, _ in edits}
    fit = [(row, edit) for row, edit in edits if not unfit[row]]
    # Several names of one test lead to one edit, which is run once.
    sources = {Edit(row.file, (samples / row.file).read_bytes()): None for row, _ in fit}
    variants = list(dict.fromkeys([*sources, *(edit for _, edit in fit)]))
    folders = []
    for number, variant in enumerate(variants):
        folder = work / f"v{number:03}"
        framework.lay(folder, samples, variant)
        folders.append(folder)
    results = dict(zip(variants, framework.run(folders, [variant.file for variant in variants]), strict=True))
    for row, edit in fit:
        before = results[Edit(row.file, (samples / row.file).read_bytes())]
        problems[row] += compare(framework, row, before, results[edit])

    hold = sum(not wrong for wrong in problems.values())
    line = f"{framework.name}: {len(rows)} rows, {hold} hold; {len(fit)} edits run ({len(variants)} sources)"
    reasons = {}
    for row, why in unfit.items():
        if why:
            reasons.setdefault(why, []).append(row)
    for why, of_why in reasons.items():
        names = ", ".join(dict.fromkeys(row.file for row in of_why))
        line += f", {len(of_why)} not run ({names}: {why})"
    said = [f"  {row.file} | {row.name}: {what}" for row, wrong in problems.items() for what in wrong]
    return line, said


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    binary, tools, wanted = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:]
    unknown = set(wanted) - {framework.name for framework in FRAMEWORKS}
    if unknown or not os.access(binary, os.X_OK):
        print(f"no such framework or program: {', '.join(unknown) or binary}", file=sys.stderr)
        return 2
    os.environ.update(ENVIRONMENT)
    tools.mkdir(parents=True, exist_ok=True)
    bad = False
    for framework in FRAMEWORKS:
        if wanted and framework.name not in wanted:
            continue
        began = time.monotonic()
        work = tools / "work" / framework.name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        missing = framework.install(tools)
        if missing:
            print(f"{framework.name}: skipped: {missing}", flush=True)
            continue
        line, problems = check(framework, binary, work)
        print(f"{line}, {time.monotonic() - began:.0f} s", *problems, sep="\n", flush=True)
        bad = bad or bool(problems)
        if not problems:
            shutil.rmtree(work)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
