"""Composer: packages of our own, listed in a file, because Packagist is out of reach."""

import json
from pathlib import Path

from .judge import Ecosystem, Set, write

PACKAGES = {
    "acme/base": {"1.0.0": {}, "1.1.0": {}, "1.2.0": {}},
    "acme/kit": {"2.0.0": {"acme/base": "^1.0"}, "2.1.0": {"acme/base": "^1.0"}},
    "acme/check": {"0.3.0": {}, "0.3.1": {}},
}


class Composer(Ecosystem):
    id = "composer"
    locks = ("composer.lock",)

    def missing(self) -> str:
        if why := self.tools.missing("composer"):
            return why
        listed = {
            name: {
                version: {
                    "name": name,
                    "version": version,
                    "type": "metapackage",
                    "require": needs,
                }
                for version, needs in versions.items()
            }
            for name, versions in PACKAGES.items()
        }
        self.index = self.tools.place / "composer-index"
        write(self.index, {"packages.json": json.dumps({"packages": listed})})
        return ""

    def sets(self) -> list[Set]:
        def manifest(**more: dict) -> dict:
            sources = [{"type": "composer", "url": self.index.as_uri()}, {"packagist.org": False}]
            return {"name": "acme/app", "repositories": sources, "require": {"php": ">=8.0", "acme/kit": "^2.0"}, **more}

        def text(data: dict) -> str:
            return json.dumps(data, indent=4).replace("/", "\\/") + "\n"

        def one(name: str, package: str, version: str, group: str = "require", **more) -> Set:
            now = manifest(**{"require-dev": {"acme/check": "~0.3.0"}})
            now["require"].update({"acme/base": ">=1.0"} if name == "direct" else {})
            old = json.loads(json.dumps(now))
            old[group][package] = version
            before = {} if more else {"composer.json": text(old)}
            return Set(name, package, version, {"composer.json": text(now)}, before, **more)

        return [
            one("direct", "acme/base", "1.1.0"),
            one("caret", "acme/kit", "2.0.0"),
            one("transitive", "acme/base", "1.0.0"),
            one("development", "acme/check", "0.3.0", "require-dev"),
            one("unknown", "acme/kit", "2.0.0", refresh=True),
        ]

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must(["composer", "update", "--no-install", "--no-interaction", "--no-plugins"], root)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.tools.run(["composer", "validate", "--check-lock", "--no-check-publish", "--no-check-all"], root)
        if not done.fine:
            return done.said
        done = self.tools.run(["composer", "install", "--dry-run", "--no-interaction", "--no-plugins"], root)
        if not done.fine:
            return done.said
        return "" if f"{one.package} ({one.version}" in done.said else f"Composer takes another {one.package}: {done.said}"
