"""pip, uv and Poetry."""

import json
import sys
from pathlib import Path

from .judge import Ecosystem, Set
from .python_sets import pip_sets, poetry_sets, uv_sets
from .tools import Done, Failed


class Pip(Ecosystem):
    id = "pip"
    # Only these are made by a tool: `NAME.in` is compiled to `NAME.txt`.
    locks = ("requirements.txt",)

    def sets(self) -> list[Set]:
        return pip_sets()

    def missing(self) -> str:
        return self.tools.python()

    def resolve(self, root: Path, one: Set) -> None:
        if (root / "requirements.in").is_file():
            uv = self.tools.place / "python/bin/uv"
            hashes = ["--generate-hashes"] if one.tool == "hashes" else []
            compile = [uv, "pip", "compile", "--quiet", "--no-header", "--universal", *hashes]
            self.tools.must([*compile, "requirements.in", "--output-file", "requirements.txt"], root)

    def refuses(self, root: Path, one: Set) -> str:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "report.json"]
        if one.tool == "project":
            what = ["."]
        else:
            what = ["-r", "requirements.txt", *(["--require-hashes"] if one.tool == "hashes" else [])]
        done = self.tools.run([*command, *what], root)
        if not done.fine:
            return done.said
        report = json.loads((root / "report.json").read_text())
        versions = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in report["install"]}
        is_fine = not one.version or versions.get(one.package) == one.version
        return "" if is_fine else f"pip takes {one.package} {versions.get(one.package)}"


class Uv(Ecosystem):
    id = "uv"
    locks = ("uv.lock",)

    def sets(self) -> list[Set]:
        return uv_sets()

    def missing(self) -> str:
        return self.tools.python()

    def uv(self, *words: str) -> list:
        return [self.tools.place / "python/bin/uv", *words]

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must(self.uv("lock", "--quiet"), root)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.tools.run(self.uv("lock", "--check"), root)
        if not done.fine:
            return done.said
        words = ("export", "--quiet", "--frozen", "--no-hashes", "--all-extras", "--all-groups", "--all-packages")
        listed = self.tools.must(self.uv(*words), root)
        return "" if f"{one.package}=={one.version}" in listed else f"uv takes another {one.package}:\n{listed}"


class Poetry(Ecosystem):
    id = "poetry"
    locks = ("poetry.lock",)

    def sets(self) -> list[Set]:
        return poetry_sets()

    def missing(self) -> str:
        return self.tools.python()

    def poetry(self, root: Path, *words: str) -> Done:
        libraries = str(self.tools.place / "python")
        return self.tools.run([sys.executable, "-m", "poetry", *words], root, PYTHONPATH=libraries)

    def resolve(self, root: Path, one: Set) -> None:
        done = self.poetry(root, "lock")
        if not done.fine:
            raise Failed(done.said)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.poetry(root, "check", "--lock")
        # Warnings of style have status 0.
        if not done.fine:
            return done.said
        before = (root / "poetry.lock").read_text()
        done = self.poetry(root, "lock")
        if not done.fine:
            return done.said
        if (root / "poetry.lock").read_text() != before:
            return "`poetry lock` changes the lock"
        return "" if f'name = "{one.package}"\nversion = "{one.version}' in before else f"the lock has another {one.package}"
