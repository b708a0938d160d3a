"""pre-commit: a repository of hooks of our own, under an address that git is told to find here."""

import sys
from pathlib import Path

from .judge import GIT, Ecosystem, Set, write

ADDRESS = "https://hooks.example.org/acme/hooks"
VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0")
HOOK = "- {id: say, name: say, entry: ./say.sh, language: script, always_run: true, pass_filenames: false}\n"


class PreCommit(Ecosystem):
    id = "pre-commit"

    def missing(self) -> str:
        if why := self.tools.python():
            return why
        self.hooks = self.tools.place / "hooks"
        if not self.hooks.is_dir():
            fresh = self.hooks.with_name("hooks.part")
            fresh.mkdir(parents=True)
            self.tools.must(["git", "init", "--quiet"], fresh)
            for version in VERSIONS:
                write(fresh, {".pre-commit-hooks.yaml": HOOK, "say.sh": f"#!/bin/sh\necho this is {version}\n"})
                (fresh / "say.sh").chmod(0o755)
                self.tools.must([*GIT, "add", "--all"], fresh)
                self.tools.must([*GIT, "commit", "--quiet", "--message", version], fresh)
                self.tools.must(["git", "tag", version], fresh)
            fresh.rename(self.hooks)
            # Some write the address with `.git` at its end.
            self.hooks.with_name("hooks.git").symlink_to(self.hooks)
        return ""

    def sets(self) -> list[Set]:
        def one(name: str, text: str, package: str = "acme/hooks") -> Set:
            return Set(name, package, "v1.1.0", {".pre-commit-config.yaml": text})

        commit = self.tools.must(["git", "rev-parse", "v1.2.0"], self.hooks).strip()
        return [
            one("block", f"repos:\n- repo: {ADDRESS}\n  rev: v1.2.0\n  hooks:\n  - id: say\n", ADDRESS),
            one("quoted", f"repos:\n  - hooks:\n      - id: say\n    rev: 'v1.2.0' # newest\n    repo: {ADDRESS}.git\n"),
            one("flow", f"repos:\n- {{repo: {ADDRESS}, rev: v1.2.0, hooks: [{{id: say}}]}}\n"),
            one("frozen", f"repos:\n- repo: {ADDRESS}\n  rev: {commit}  # frozen: v1.2.0\n  hooks:\n  - id: say\n"),
        ]

    def refuses(self, root: Path, one: Set) -> str:
        environment = {
            "PYTHONPATH": str(self.tools.place / "python"),
            "PRE_COMMIT_HOME": str(self.tools.place / "cache/pre-commit"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.hooks}.insteadOf",
            "GIT_CONFIG_VALUE_0": ADDRESS,
        }
        for words in (["validate-config"], ["run", "--all-files", "--verbose"]):
            done = self.tools.run([sys.executable, "-m", "pre_commit", *words], root, **environment)
            if not done.fine:
                return done.said
        return "" if not one.version or f"this is {one.version}\n" in done.output else f"runs another: {done.said}"
