"""npm, pnpm and Yarn: an install that may not change the lock."""

import json
from pathlib import Path

from .judge import Ecosystem, Set
from .node_sets import npm_sets, pnpm_sets, yarn_sets


class Node(Ecosystem):
    def missing(self) -> str:
        return self.tools.node()

    def program(self, package: str, path: str) -> list:
        return ["node", self.tools.place / "node" / "node_modules" / package / path]


class Npm(Node):
    id = "npm"
    locks = ("package-lock.json", "npm-shrinkwrap.json")

    def sets(self) -> list[Set]:
        return npm_sets()

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must(["npm", "install", "--package-lock-only", "--ignore-scripts", "--lockfile-version", one.tool], root)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.tools.run(["npm", "ci", "--dry-run", "--ignore-scripts"], root)
        if not done.fine:
            return done.said
        # It says too where the tree does not fit what the packages ask for.
        done = self.tools.run(["npm", "ls", one.package, "--package-lock-only", "--all", "--json"], root)
        if not done.fine:
            return done.said
        versions = set(found(json.loads(done.output), one.package))
        return "" if not one.version or one.version in versions else f"npm takes {one.package} {versions}"


def found(tree: dict, package: str):
    """The versions of a package in what `npm ls` says."""
    for name, below in tree.get("dependencies", {}).items():
        if name == package and "version" in below:
            yield below["version"]
        yield from found(below, package)


class Pnpm(Node):
    id = "pnpm"
    locks = ("pnpm-lock.yaml",)

    def sets(self) -> list[Set]:
        return pnpm_sets()

    def pnpm(self, one: Set) -> list:
        return [*self.program(f"pnpm{one.tool}", "bin/pnpm.cjs"), "install", "--lockfile-only", "--ignore-scripts"]

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must([*self.pnpm(one), "--no-frozen-lockfile"], root)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.tools.run([*self.pnpm(one), "--frozen-lockfile"], root)
        if not done.fine:
            return done.said
        lock = (root / "pnpm-lock.yaml").read_text()
        return "" if f"{one.package}@{one.version}" in lock else f"the lock has no {one.package} {one.version}"


class Yarn(Node):
    id = "yarn"
    locks = ("yarn.lock",)

    def sets(self) -> list[Set]:
        return yarn_sets()

    def yarn(self, one: Set) -> list:
        return [*self.program(f"yarn{one.tool}", "bin/yarn.js"), "install"]

    def resolve(self, root: Path, one: Set) -> None:
        classic = one.tool == "1"
        # Yarn 4 looks above for a project where it finds no lock here.
        (root / "yarn.lock").touch()
        words = ["--silent", "--ignore-scripts", "--ignore-engines"] if classic else ["--mode=update-lockfile"]
        self.tools.must([*self.yarn(one), *words], root)

    def refuses(self, root: Path, one: Set) -> str:
        classic = ["--frozen-lockfile", "--ignore-scripts", "--ignore-engines", "--non-interactive"]
        words = classic if one.tool == "1" else ["--immutable", "--mode=skip-build"]
        done = self.tools.run([*self.yarn(one), *words], root)
        if not done.fine:
            return done.said
        places = [path for path in root.rglob("package.json") if str(path.parent).endswith(f"node_modules/{one.package}")]
        versions = {json.loads(place.read_text())["version"] for place in places}
        return "" if not one.version or one.version in versions else f"Yarn installs {one.package} {versions}"
