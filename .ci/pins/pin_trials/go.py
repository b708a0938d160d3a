"""Go: modules of our own, served from a directory, so that neither proxy nor checksum database is needed."""

import json
import zipfile
from pathlib import Path

from .judge import Ecosystem, Set

BASE, USER, TOOL = "example.org/base", "example.org/user", "example.org/x/Tool/v2"
MODULES = [
    (BASE, ["v1.0.0", "v1.1.0", "v1.2.0"], ()),
    (USER, ["v1.0.0", "v1.1.0"], ((BASE, "v1.0.0"),)),
    (TOOL, ["v2.0.0", "v2.3.1"], ()),
]
MAIN = 'package main\n\nimport (\n\t"example.org/base"\n\t"example.org/user"\n)\n\nfunc main() { println(base.V, user.V, user.B) }\n'
ALONE = 'package main\n\nimport "example.org/user"\n\nfunc main() { println(user.V) }\n'
TOOLED = 'package main\n\nimport tool "example.org/x/Tool/v2"\n\nfunc main() { println(tool.V) }\n'
HEAD = "module example.org/app\n\ngo 1.17\n\n"
BLOCK = HEAD + "require (\n\t// The base of it all.\n\texample.org/base v1.2.0 // keep\n\texample.org/user v1.1.0\n)\n"
LINE = HEAD + "require example.org/x/Tool/v2 v2.3.1\n"
INDIRECT = HEAD + "require example.org/user v1.1.0\n\nrequire example.org/base v1.2.0 // indirect\n"
MANY = LINE + "\nrequire (\n\texample.org/base v1.2.0\n\texample.org/user v1.1.0\n)\n"


class Go(Ecosystem):
    id = "go"
    locks = ("go.sum",)

    def missing(self) -> str:
        if why := self.tools.missing("go"):
            return why
        proxy = self.tools.place / "go-proxy"
        for path, versions, needs in MODULES:
            for version in versions:
                publish(proxy, path, version, needs)
        self.settings = {
            "GOPROXY": proxy.as_uri(), "GOSUMDB": "off", "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local", "GO111MODULE": "on",
        }  # fmt: skip
        return ""

    def sets(self) -> list[Set]:
        def one(name: str, package: str, version: str, manifest: str, code: str = MAIN, **more) -> Set:
            lines = manifest.splitlines(keepends=True)
            old = [line.replace(line.split(f"{package} ")[1].split()[0], version) if f"{package} v" in line else line for line in lines]
            before = {} if more.get("refresh") else {"go.mod": "".join(old)}
            return Set(name, package, version, {"go.mod": manifest, "main.go": code}, before, **more)

        nested = {"tools/go.mod": LINE.replace("/app", "/app/tools"), "tools/main.go": TOOLED}
        here = {"go.mod": BLOCK, "main.go": MAIN}
        old = {"tools/go.mod": nested["tools/go.mod"].replace("v2.3.1", "v2.0.0")}
        return [
            one("block", BASE, "v1.1.0", BLOCK),
            one("lowest", BASE, "v1.0.0", BLOCK),
            one("line", TOOL, "v2.0.0", LINE, TOOLED),
            one("indirect", BASE, "v1.1.0", INDIRECT, ALONE),
            one("two-blocks", USER, "v1.0.0", MANY, MAIN.replace('"example.org/base"', '"example.org/base"\n\t_ "example.org/x/Tool/v2"')),
            Set("nested", TOOL, "v2.0.0", {**here, **nested}, old),
            one("unknown", BASE, "v1.1.0", BLOCK, refresh=True),
        ]

    def modules(self, root: Path) -> list[Path]:
        return [path.parent for path in sorted(root.rglob("go.mod"))]

    def resolve(self, root: Path, one: Set) -> None:
        for module in self.modules(root):
            self.tools.must(["go", "mod", "tidy"], module, **self.settings)

    def refuses(self, root: Path, one: Set) -> str:
        listed = ""
        for module in self.modules(root):
            for words in (["mod", "verify"], ["build", "-mod=readonly", "-o", "/dev/null", "./..."], ["vet", "-mod=readonly", "./..."]):
                done = self.tools.run(["go", *words], module, **self.settings)
                if not done.fine:
                    return done.said
            listed += self.tools.must(["go", "list", "-mod=readonly", "-m", "all"], module, **self.settings)
        return "" if f"{one.package} {one.version}" in listed else f"go takes another {one.package}:\n{listed}"


def publish(proxy: Path, path: str, version: str, needs: tuple) -> None:
    """Puts a module there as a proxy serves it; capitals are written `!x`."""
    escaped = "".join(f"!{letter.lower()}" if letter.isupper() else letter for letter in path)
    place = proxy / escaped / "@v"
    if (place / f"{version}.zip").is_file():
        return
    place.mkdir(parents=True, exist_ok=True)
    manifest = f"module {path}\n\ngo 1.17\n" + "".join(f"\nrequire {name} {least}\n" for name, least in needs)
    uses = "".join(f'\nimport "{name}"\n\nconst B = {name.rsplit("/", 1)[-1]}.V\n' for name, _ in needs)
    name = path.removesuffix("/v2").rsplit("/", 1)[-1].lower()
    # One date in all archives, so that the checksums are the same everywhere.
    with zipfile.ZipFile(place / f"{version}.zip", "w") as archive:
        for file, text in (("go.mod", manifest), ("code.go", f'package {name}\n{uses}\nconst V = "{version}"\n')):
            archive.writestr(zipfile.ZipInfo(f"{path}@{version}/{file}"), text)
    (place / f"{version}.mod").write_text(manifest)
    (place / f"{version}.info").write_text(json.dumps({"Version": version, "Time": "2024-01-01T00:00:00Z"}))
    with (place / "list").open("a") as index:
        index.write(version + "\n")
