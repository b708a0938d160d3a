"""Small Node projects."""

import json

from .judge import Set

# Comments are no part of JSON; order, tabs and lines of one's own are.
DIRECT = """{
  "name": "app",
  "version": "1.0.0",
  "scripts": { "test": "node --test" },
  "dependencies": {
    "@sindresorhus/is": "^4.0.0",
    "debug": "^4.3.0",
    "is-number": "~7.0.0"
  },
  "devDependencies": {
    "semver": "^6.3.0"
  }
}
"""
TABS = '{\n\t"name": "app",\n\t"private": true,\n\t"dependencies": {"send": "^0.17.0", "ms": "2.1.x", "semver": ">=6"}\n}\n'
TRANSITIVE = '{\n  "name": "app",\n  "version": "1.0.0",\n  "dependencies": {\n    "debug": "^4.3.0"\n  }\n}\n'
WORKSPACE = {
    "package.json": '{\n  "name": "root",\n  "private": true,\n  "workspaces": ["packages/*"]\n}\n',
    "packages/a/package.json": '{\n  "name": "a",\n  "version": "1.0.0",\n  "dependencies": { "semver": "^7.5.0" }\n}\n',
    "packages/b/package.json": '{\n  "name": "b",\n  "version": "1.0.0",\n  "dependencies": {\n    "semver": "^7.3.0",\n'
    '    "is-number": "^7.0.0"\n  }\n}\n',
}
CATALOG = {
    "package.json": '{\n  "name": "root",\n  "private": true,\n  "devDependencies": {\n    "is-number": "catalog:"\n  }\n}\n',
    "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n\ncatalog:\n  # Everywhere the same.\n  is-number: ^7.0.0\n"
    "  debug: '^4.3.0' # what happens\n",
    "packages/a/package.json": '{"name":"a","version":"1.0.0","dependencies":{"debug":"catalog:","semver":"^7.5.0"}}\n',
}


def with_version(manifest: str, package: str, version: str) -> str:
    """The manifest with a package at a version of its own."""
    data = json.loads(manifest)
    for group in ("dependencies", "devDependencies"):
        if package in data.get(group, {}):
            data[group][package] = version
            return json.dumps(data, indent="\t" if "\n\t" in manifest else 2) + "\n"
    raise KeyError(package)


def with_field(manifest: str, key: str, package: str, version: str) -> str:
    data = json.loads(manifest)
    place = data
    for part in key.split("."):
        place = place.setdefault(part, {})
    place[package] = version
    return json.dumps(data, indent=2) + "\n"


def direct(tool: str, name: str, package: str, version: str, manifest: str = DIRECT, **more) -> Set:
    before = {} if more.get("refresh") and not more.pop("known", False) else {"package.json": with_version(manifest, package, version)}
    return Set(f"{name}-{tool}", package, version, {"package.json": manifest, **more.pop("files", {})}, before, tool=tool, **more)


def below(tool: str, key: str, package: str, version: str, manifest: str = TRANSITIVE, files: dict | None = None) -> Set:
    """A package that another one brings; the earlier state overrode it."""
    before = {"package.json": with_field(manifest, key, package, version)}
    return Set(f"transitive-{tool}", package, version, {"package.json": manifest, **(files or {})}, before, tool=tool)


def spaces(tool: str, name: str, package: str, version: str, files: dict[str, str], holders: tuple[str, ...]) -> Set:
    before = {path: with_version(files[path], package, version) for path in holders}
    return Set(f"{name}-{tool}", package, version, files, before, tool=tool)


BOTH = ("packages/a/package.json", "packages/b/package.json")


def npm_sets() -> list[Set]:
    sets = []
    for lock in ("3", "2", "1"):
        sets += [
            direct(lock, "direct", "debug", "4.3.1"),
            direct(lock, "scoped", "@sindresorhus/is", "4.2.0"),
            direct(lock, "development", "semver", "6.3.0"),
            below(lock, "overrides", "ms", "2.1.2"),
        ]
    return sets + [
        direct("3", "tabs", "semver", "7.5.0", TABS),
        # The newer one was right for `send` too; the older one would need a second copy.
        direct("3", "shared", "ms", "2.1.1", TABS, refresh=True, known=True),
        spaces("3", "workspace", "semver", "7.5.0", WORKSPACE, BOTH),
        spaces("3", "member", "is-number", "7.0.0", {**WORKSPACE, BOTH[1]: WORKSPACE[BOTH[1]].replace("^7.0.0", ">=6")}, BOTH[1:]),
        direct("3", "unknown", "debug", "4.2.0", refresh=True),
    ]


def pnpm_sets() -> list[Set]:
    sets = []
    for tool in ("9", "8", "10"):
        sets += [
            direct(tool, "direct", "debug", "4.3.1"),
            direct(tool, "scoped", "@sindresorhus/is", "4.2.0"),
            direct(tool, "development", "semver", "6.3.0"),
            below(tool, "pnpm.overrides", "ms", "2.1.2"),
        ]
    catalog = {**CATALOG, "pnpm-workspace.yaml": CATALOG["pnpm-workspace.yaml"].replace("^4.3.0", "4.3.1")}
    overrides = {"pnpm-workspace.yaml": "packages:\n  - '.'\n\n# Old ones.\noverrides:\n  depd: 2.0.0\n"}
    settings = overrides["pnpm-workspace.yaml"] + "  ms: 2.1.2\n"
    return sets + [
        Set("catalog-9", "debug", "4.3.1", CATALOG, {"pnpm-workspace.yaml": catalog["pnpm-workspace.yaml"]}, tool="9"),
        spaces("9", "member", "semver", "7.5.1", CATALOG, BOTH[:1]),
        Set("settings-10", "ms", "2.1.2", {"package.json": TRANSITIVE, **overrides}, {"pnpm-workspace.yaml": settings}, tool="10"),
        direct("9", "unknown", "debug", "4.2.0", refresh=True),
    ]


def yarn_sets() -> list[Set]:
    sets = []
    for tool, files in (("1", {}), ("4", {".yarnrc.yml": "nodeLinker: node-modules\n"})):
        sets += [
            direct(tool, "direct", "debug", "4.3.1", files=files),
            direct(tool, "scoped", "@sindresorhus/is", "4.2.0", files=files),
            direct(tool, "development", "semver", "6.3.0", files=files),
            below(tool, "resolutions", "ms", "2.1.2", files=files),
            spaces(tool, "workspace", "semver", "7.5.0", {**WORKSPACE, **files}, BOTH),
        ]
    return [*sets, direct("1", "unknown", "debug", "4.2.0", refresh=True)]
