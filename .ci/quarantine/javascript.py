"""Jest, Vitest, Mocha, Playwright: all sources in as few runs as keep them apart."""

import json
import os
import re
from collections import defaultdict
from pathlib import Path

from base import Framework, call, lacking, numbered, of_javascript

PACKAGES = {
    "jest": ["jest@30", "babel-jest@30", "@babel/core@7", "@babel/preset-env@7", "@babel/preset-typescript@7",
             "@babel/preset-react@7", "@babel/preset-flow@7"],
    "vitest": ["vitest@4"],
    "mocha": ["mocha@11", "tsx@4"],
    "playwright": ["@playwright/test@1"],
}


class Javascript(Framework):
    table = "table.tsv"
    read_row = staticmethod(of_javascript)
    # its file for settings, and what stands in it
    settings: tuple[str, str]

    @property
    def place(self):
        return f"data/{self.name}"

    def install(self, tools):
        if lacking("node", "npm"):
            return lacking("node", "npm")
        self.modules = tools / "node_modules"
        wanted = [package for packages in PACKAGES.values() for package in packages]
        if not all((self.modules / package.rpartition("@")[0]).is_dir() for package in wanted):
            (tools / "package.json").write_text('{"name": "tools", "private": true}')
            npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", tools]
            # Playwright finds no browser here, and needs none.
            call([*npm, *wanted], tools, dict(os.environ, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD="1"), fail=True)
        if not re.search(r"\d+\.\d+", self.tool("--version", work=tools)):
            return f"it does not start with Node.js {call(['node', '--version'], tools).strip()}"
        return ""

    def tool(self, *arguments, work: Path, **env: str) -> str:
        program = self.modules / ".bin" / self.name
        return call([program, *arguments], work, dict(os.environ, NO_COLOR="1", **env))

    def run(self, folders, files):
        work = folders[0].parent
        name, content = self.settings
        (work / name).write_text(content)
        (work / "package.json").write_text('{"name": "samples", "private": true}')
        groups = defaultdict(list)
        for folder, file in zip(folders, files, strict=True):
            groups[self.apart(folder, file)].append(folder / file)
        results = defaultdict(list)
        for key, paths in groups.items():
            for path, title, status in self.run_group(work, key, paths):
                results[Path(work, path).relative_to(work).parts[0]].append((title, status))
        return [numbered(results[folder.name]) for folder in folders]

    def apart(self, folder: Path, file: str):
        """Sources with the same answer are run by one process."""
        return None

    def run_group(self, work: Path, key, paths: list[Path]) -> list[tuple[str, str, str]]:
        """Path, title and outcome of each test."""
        raise NotImplementedError


def of_report(report: Path) -> list[tuple[str, str, str]]:
    """The JSON report of Jest, which Vitest writes as well."""
    said = json.loads(report.read_text("utf-8"))["testResults"]
    outcomes = {"pending": "skipped", "todo": "skipped"}
    return [
        (file["name"], " > ".join([*one["ancestorTitles"], one["title"]]), outcomes.get(one["status"], one["status"]))
        for file in said
        for one in file["assertionResults"]
    ]


class Jest(Javascript):
    name = "jest"
    unfit = {"torn.test.js": "does not parse"}
    settings = ("babel.config.js", """
module.exports = {
  presets: [
    ['@babel/preset-env', { targets: { node: 'current' } }],
    ['@babel/preset-react', { runtime: 'classic' }],
    '@babel/preset-typescript',
  ],
  overrides: [{ test: /flow/, presets: ['@babel/preset-flow'] }],
};
""")

    def run_group(self, work, key, paths):
        config = {"testEnvironment": "node", "rootDir": str(work), "cacheDirectory": str(work / ".cache")}
        report = work / "report.json"
        self.tool("--ci", "--json", f"--outputFile={report}", "--silent", f"--config={json.dumps(config)}", work=work)
        return of_report(report)


class Vitest(Javascript):
    name = "vitest"
    settings = ("vitest.config.mjs", """
export default { test: { globals: true, allowOnly: true, strictTags: false, pool: 'threads' } };
""")

    def run_group(self, work, key, paths):
        report = work / "report.json"
        self.tool("run", "--silent", "--reporter=json", f"--outputFile={report}", work=work)
        return of_report(report)


class Mocha(Javascript):
    name = "mocha"
    settings = (".mocharc.json", "{}")

    def apart(self, folder, file):
        content = (folder / file).read_text("utf-8")
        options = ("--ui=tdd",) if "suite(" in content else ()
        if file.endswith(".ts"):
            options = ("--import=tsx",)
        if "run();" in content:
            # The file says itself when it is read: one at a time.
            return ("--delay", folder)
        # A focus leaves out all other files.
        return (*options, folder) if ".only(" in content else options

    def run_group(self, work, key, paths):
        options = [option for option in key if isinstance(option, str)]
        said = self.tool(*options, "--reporter=json", *paths, work=work)
        said = json.loads(said[said.index("{\n"):])
        kinds = {"passes": "passed", "failures": "failed", "pending": "skipped"}
        return [(one["file"], one["fullTitle"], status) for kind, status in kinds.items() for one in said[kind]]


class Playwright(Javascript):
    name = "playwright"
    beside = ("base.ts",)
    settings = ("playwright.config.js", """
module.exports = { testDir: __dirname, retries: 0, workers: 2, fullyParallel: false, projects: [{ name: 'chromium' }] };
""")

    def apart(self, folder, file):
        content = (folder / file).read_text("utf-8")
        # What needs a browser is not run, but listed: its list tells which tests it would skip.
        options = ("--list",) if "{ page }" in content else ()
        return (*options, folder) if ".only(" in content else options

    def run_group(self, work, key, paths):
        report = work / "report.json"
        options = [option for option in key if isinstance(option, str)]
        files = [str(path.relative_to(work)).replace(".", "\\.") + "$" for path in paths]
        self.tool("test", *options, "--reporter=json", *files, work=work, PLAYWRIGHT_JSON_OUTPUT_FILE=str(report))
        results = []

        def walk(suite: dict, path: tuple[str, ...]) -> None:
            for spec in suite.get("specs", []):
                for test in spec["tests"]:
                    status = test["results"][0]["status"] if test["results"] else test["expectedStatus"]
                    results.append((spec["file"], " > ".join([*path, spec["title"]]), status))
            for inner in suite.get("suites", []):
                walk(inner, (*path, inner["title"]))

        for suite in json.loads(report.read_text("utf-8"))["suites"]:
            walk(suite, ())
        report.unlink()
        return results


FRAMEWORKS = [Jest(), Vitest(), Mocha(), Playwright()]
