#!/usr/bin/env python3
"""Proves that the ecosystems' own tools accept what `ci-rescue plan pin` writes.

Use: pins.py BIN TOOLS [ECOSYSTEM …]
  BIN    the ci-rescue program
  TOOLS  a directory for what is needed; a second run installs and resolves nothing again
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pin_trials import bundler, cargo, composer, go, gradle, maven, node, precommit, python
from pin_trials.judge import Verdict, judge
from pin_trials.tools import Tools

ALL = [
    cargo.Cargo, node.Npm, node.Pnpm, node.Yarn, python.Pip, python.Uv, python.Poetry,
    go.Go, bundler.Bundler, composer.Composer, maven.Maven, gradle.Gradle, precommit.PreCommit,
]
UNTRIED = {
    "gradle catalogs, locks and Kotlin": "Debian's Gradle is 4.4.1, which knows none of them, and newer ones are elsewhere",
    "nuget": "Debian has no dotnet, and no package of PyPI or npm carries its SDK",
    "github-actions": "no tool checks a workflow without GitHub",
    "docker": "no tool checks an image's digest without a registry",
}  # fmt: skip


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    program, place, wanted = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:]
    tools = Tools(place)
    chosen = [kind(tools) for kind in ALL if not wanted or kind.id in wanted]
    begun = time.monotonic()
    # Two at a time: the tools mostly wait.
    with ThreadPoolExecutor(max_workers=2) as pool:
        verdicts = list(pool.map(lambda ecosystem: judge(program, tools, ecosystem), chosen))
    verdicts += [Verdict(name, skipped=why) for name, why in UNTRIED.items() if not wanted or name in wanted]
    for verdict in verdicts:
        print(verdict)
    print(f"{time.monotonic() - begun:.0f} s")
    return int(any(verdict.problems for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
