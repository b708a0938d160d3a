"""Go, Rust, JUnit in Java and in Kotlin."""

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

from base import Framework, call, copy, lacking, of_compiled


class Go(Framework):
    name = "go"
    table = "table.tsv"
    read_row = staticmethod(of_compiled)
    place = "."
    # Where Debian keeps the sources of testify: no network is used.
    debian = Path("/usr/share/gocode")
    unfit = {"odd/broken_test.go": "does not parse"}

    def install(self, tools):
        self.cache = tools / "go"
        if lacking("go"):
            return lacking("go")
        testify = self.debian / "src/github.com/stretchr/testify"
        return "" if testify.is_dir() else f"no {testify} (Debian: golang-github-stretchr-testify-dev)"

    def lay(self, folder, samples, variant):
        # As a package with its other files; those of `odd` do not belong together.
        package = Path(variant.file).parent
        home = folder.parent / "src/v" / folder.name
        for source in sorted((samples / package).glob("*.go")) if package.name != "odd" else []:
            copy(source, home / source.name)
        home.mkdir(parents=True, exist_ok=True)
        (home / Path(variant.file).name).write_bytes(variant.content)

    def run(self, folders, files):
        work = folders[0].parent
        env = dict(os.environ, GO111MODULE="off", GOPATH=f"{work}:{self.debian}", GOFLAGS="", GOCACHE=str(self.cache))
        command = ["go", "test", "-v", "-vet=off", "-ldflags=-s -w", "-bench=.", "-benchtime=1x"]
        outcomes = {folder.name: {} for folder in folders}
        kinds = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped", "BENCH": "passed"}
        pending: list[tuple[tuple, str]] = []
        for line in call([*command, "./..."], work / "src/v", env).splitlines():
            test = re.match(r"\s*--- (PASS|FAIL|SKIP|BENCH): (\S+)", line)
            bench = re.match(r"(Benchmark\w+?)(?:-\d+)?\s+\d+\s.*ns/op", line)
            package = re.match(r"(?:ok|FAIL)\s+v/(v\d+)\s", line)
            if test:
                name = re.sub(r"^(Benchmark\w+)-\d+$", r"\1", test[2])
                pending.append((tuple(name.split("/")), kinds[test[1]]))
            elif bench:
                pending.append(((bench[1],), "passed"))
            elif package:
                # What a package prints stands before the line that sums it up.
                outcomes[package[1]] = dict(pending)
                pending = []
        return [outcomes[folder.name] for folder in folders]


class Rust(Framework):
    name = "rust"
    table = "table.tsv"
    read_row = staticmethod(of_compiled)
    place = "."
    unfit = {
        "odd/src/broken.rs": "does not parse",
        "odd/src/twice.rs": "needs a browser and a database",
        ("tests/flow/steps.rs", "steps::never::first"): "compiled out by `cfg(any())`",
    }
    # The first of its two rows is ignored already.
    counts = {("tests/api.rs", "one_case_is_ignored"): 1, ("tests/api.rs", "all_values"): 3}
    # The crate's root whose tests a file holds, and how their names begin.
    homes = {
        "src/lib.rs": ("src/lib.rs", "tests::"),
        "src/store/mod.rs": ("src/lib.rs", "store::"),
        "src/store/cache.rs": ("src/lib.rs", "store::cache::"),
        "src/bin/tool.rs": ("src/bin/tool.rs", ""),
        "tests/api.rs": ("tests/api.rs", ""),
        "tests/common/mod.rs": ("tests/api.rs", "common::"),
        "tests/flow/main.rs": ("tests/flow/main.rs", ""),
        "tests/flow/steps.rs": ("tests/flow/main.rs", "steps::"),
        "tests/properties.rs": ("tests/properties.rs", ""),
        "odd/src/style.rs": ("odd/src/style.rs", ""),
    }

    def install(self, tools):
        self.tools = tools
        return lacking("cargo")

    def lay(self, folder, samples, variant):
        super().lay(folder, samples, variant)
        for file in [*self.homes, "Cargo.toml"]:
            copy(samples / file, folder.parent / "crate" / file)

    def run(self, folders, files):
        crate = folders[0].parent / "crate"
        manifest = (crate / "Cargo.toml").read_text("utf-8")
        manifest += '\n[workspace]\n[[test]]\nname = "style"\npath = "odd/src/style.rs"\n'
        (crate / "Cargo.toml").write_text(manifest)
        # The versions of the first run: a second one asks no registry.
        lock = self.tools / "rust" / "Cargo.lock"
        if lock.exists():
            copy(lock, crate / "Cargo.lock")
        # Sources of different files are run together: each round takes one of each file.
        queues: dict[str, list[int]] = {}
        for number, file in enumerate(files):
            queues.setdefault(file, []).append(number)
        results: list[dict] = [{}] * len(files)
        for turn in range(max(map(len, queues.values()))):
            chosen = {file: queue[min(turn, len(queue) - 1)] for file, queue in queues.items()}
            for file, number in chosen.items():
                write_new(crate / file, (folders[number] / file).read_bytes())
            outcomes = self.run_crate(crate)
            for file, number in chosen.items():
                results[number] = outcomes[file]
        copy(crate / "Cargo.lock", lock)
        return results

    def run_crate(self, crate: Path) -> dict[str, dict]:
        """Outcomes by file."""
        env = dict(os.environ, CARGO_TARGET_DIR=str(self.tools / "rust"), CARGO_PROFILE_TEST_DEBUG="0",
                   CARGO_PROFILE_DEV_DEBUG="0", RUSTFLAGS="--cap-lints=allow")
        build = ["cargo", "test", "--no-run", "--quiet", "--tests", "--message-format=json"]
        outcomes: dict[str, dict] = {file: {} for file in self.homes}
        for line in call(build, crate, env, fail=True).splitlines():
            message = json.loads(line)
            if not message.get("executable") or not message["profile"]["test"]:
                continue
            root = str(Path(message["target"]["src_path"]).relative_to(crate))
            said = call([message["executable"], "--test-threads=1"], crate)
            for test in re.finditer(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)", said, re.M):
                outcomes[self.file_of(root, test[1])][(root, test[1])] = test[2].replace("ignored", "skipped")
        return outcomes

    def file_of(self, root: str, test: str) -> str:
        fitting = [file for file, (home, start) in self.homes.items() if home == root and test.startswith(start)]
        return max(fitting, key=lambda file: len(self.homes[file][1]))

    def title(self, test):
        return test[-1].rpartition("::")[2]


def write_new(path: Path, content: bytes) -> None:
    """Untouched files keep their time, so that only the others are compiled again."""
    if path.read_bytes() != content:
        path.write_bytes(content)


class Junit(Framework):
    name = "junit"
    table = "table.tsv"
    read_row = staticmethod(of_compiled)
    place = "src/test/java"
    debian = Path("/usr/share/java")
    jars = ("junit-jupiter-api", "junit-jupiter-engine", "junit-jupiter-params", "junit-platform-commons",
            "junit-platform-engine", "junit-platform-launcher", "junit-vintage-engine", "junit4", "hamcrest-core",
            "apiguardian-api", "opentest4j", "univocity-parsers")
    packages = "junit5, junit4, libhamcrest-java"
    unfit = {"odd/BrokenTest.java": "does not parse"}
    # All tests of the class, of which some are skipped already.
    counts = {("com/acme/cart/CartTest.java", "com.acme.cart.CartTest"): 5}
    # What samples use, or what runs their tests.
    stubs = {
        "com/acme/cart/Cart.java":
            "package com.acme.cart; class Cart { int size() { return 0; } void add(String item) {} }",
        "com/acme/legacy/BaseTest.java": "package com.acme.legacy; public class BaseTest {}",
        "com/acme/support/Disabled.java": "package com.acme.support; public @interface Disabled {}",
        "odd/HoldsTest.java": "class HoldsTest implements Contract {}",
        "odd/SameTest.java": "public class SameTest extends TwiceTest.B {}",
    }

    def install(self, tools):
        if lacking("java", "javac"):
            return lacking("java", "javac")
        paths = [self.debian / f"{jar}.jar" for jar in self.jars]
        gone = [path for path in paths if not path.exists()]
        self.classpath = ":".join(map(str, paths))
        return f"no {gone[0]} (Debian: {self.packages})" if gone else ""

    def lay(self, folder, samples, variant):
        super().lay(folder, samples, variant)
        own = variant.file == "odd/TwiceTest.java"
        for file, content in self.stubs.items():
            if own or not file.startswith("odd/"):
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)

    def run(self, folders, files):
        work = folders[0].parent
        source = Path(__file__).with_name("QuarantineRun.java")
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", self.classpath, source, *folders]
        outcomes = {folder: {} for folder in folders}
        for line in call(command, work, fail=True).splitlines():
            folder, test, status = line.split("\t")
            outcomes[Path(folder)][tuple(test.split("/"))] = status
        return [outcomes[folder] for folder in folders]

    def title(self, test):
        method = re.match(r"\[(?:method|test|test-template|test-factory):(\w+)", test[-1])
        return method[1] if method else ""


class Kotlin(Junit):
    name = "kotlin"
    editor = "junit"
    place = "src/test/kotlin"
    jars = (*Junit.jars, "kotlin-stdlib", "kotlin-test", "kotlin-reflect", "kotlin-compiler",
            "kotlin-script-runtime", "libtrove-intellij", "org.jetbrains.annotations-common")
    packages = "kotlin, junit5, junit4, libhamcrest-java"
    unfit = {"odd/BrokenTest.kt": "does not parse"}
    # Some are skipped already.
    counts = {
        ("com/acme/cart/CartTest.kt", "com.acme.cart.CartTest"): 7,
        ("com/acme/legacy/OldTest.kt", "com.acme.legacy.OldTest"): 2,
        ("com/acme/plain/PlainTest.kt", "com.acme.plain.PlainTest"): 2,
    }
    # What Kotlin's own library for JUnit 5 says, which Debian does not have, and a piece of Kotest.
    stubs = {
        "stubs/KotlinTest.kt":
            "package kotlin.test\n"
            "typealias Test = org.junit.jupiter.api.Test\n"
            "typealias Ignore = org.junit.jupiter.api.Disabled\n"
            "typealias BeforeTest = org.junit.jupiter.api.BeforeEach\n",
        "stubs/Kotest.kt":
            "package io.kotest.matchers\ninfix fun Any?.shouldBe(other: Any?) { check(this == other) }\n",
    }

    def title(self, test):
        method = re.match(r"\[(?:method|test|test-template|test-factory):(.*)\(", test[-1])
        return unquote(method[1]) if method else ""


FRAMEWORKS = [Go(), Rust(), Junit(), Kotlin()]
