"""Cargo: `cargo metadata --locked`."""

import json
from pathlib import Path

from .judge import Ecosystem, Set

HEAD = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n'
DIRECT = HEAD + '[dependencies]\n# What we write with.\nitoa = "1.0" # fast\nfastrand = "2"\n'
FEATURES = HEAD + '[dependencies]\nlog = { version = "0.4", features = ["std"], default-features = false } # says it\n'
DEV = HEAD + "[dependencies]\ncfg-if = \"1\"\n\n[dev-dependencies.scopeguard]\nversion = '1.1'\n"
RENAMED = HEAD + '[dependencies]\nfast = { package = "itoa", version = "1" }\n'
TRANSITIVE = HEAD + '[dependencies]\nlock_api = "0.4"\n'
TARGET = HEAD + "[target.'cfg(unix)'.dependencies]\nfastrand = \"2\"\n\n[build-dependencies]\nitoa = \"1\"\n"
TWO = HEAD + '[dependencies]\nitoa = "1"\nold = { package = "itoa", version = "0.4" }\n'
ROOT = '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n\n[workspace.dependencies]\nitoa = { version = "1" } # all\n'
MEMBER = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
LIB = {"src/lib.rs": "", "build.rs": "fn main() {}\n"}


def back(package: str, version: str) -> tuple:
    return (("cargo", "update", "--quiet", "--package", package, "--precise", version),)


def one(name: str, package: str, version: str, manifest: str, spec: str = "", **more) -> Set:
    commands = () if more.get("refresh") else back(spec or package, version)
    return Set(name, package, version, {"Cargo.toml": manifest, **LIB}, commands=commands, **more)


class Cargo(Ecosystem):
    id = "cargo"
    locks = ("Cargo.lock",)

    def sets(self) -> list[Set]:
        inherit = {"a/src/lib.rs": "", "b/src/lib.rs": "", "Cargo.toml": ROOT}
        members = {
            "a/Cargo.toml": MEMBER.format("a") + "itoa.workspace = true\n",
            "b/Cargo.toml": MEMBER.format("b") + 'itoa = { workspace = true }\nryu = "1.0"\n',
        }
        each = {
            "a/src/lib.rs": "",
            "b/src/lib.rs": "",
            "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n',
            "a/Cargo.toml": MEMBER.format("a") + 'fastrand = "2.0"\n',
            "b/Cargo.toml": MEMBER.format("b") + 'fastrand = ">=2, <3" # also\n',
        }
        return [
            one("direct", "itoa", "1.0.9", DIRECT),
            one("features", "log", "0.4.19", FEATURES),
            one("dev-table", "scopeguard", "1.1.0", DEV),
            one("renamed", "itoa", "1.0.9", RENAMED),
            one("transitive", "scopeguard", "1.1.0", TRANSITIVE),
            one("target", "fastrand", "2.0.0", TARGET),
            one("build", "itoa", "1.0.10", TARGET),
            one("two-versions", "itoa", "1.0.9", TWO, spec="itoa@1"),
            Set("workspace", "itoa", "1.0.9", {**inherit, **members}, commands=back("itoa", "1.0.9")),
            Set("members", "fastrand", "2.0.1", each, commands=back("fastrand", "2.0.1")),
            one("unknown", "itoa", "1.0.5", DIRECT, refresh=True),
        ]

    def missing(self) -> str:
        return self.tools.missing("cargo")

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must(["cargo", "generate-lockfile", "--quiet"], root)

    def refuses(self, root: Path, one: Set) -> str:
        command = ["cargo", "metadata", "--locked", "--quiet", "--format-version", "1"]
        done = self.tools.run(command, root)
        if not done.fine:
            return done.said
        packages = json.loads(done.output)["packages"]
        versions = {package["version"] for package in packages if package["name"] == one.package}
        return "" if not one.version or one.version in versions else f"cargo resolves {one.package} to {versions}"
