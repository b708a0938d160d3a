"""pytest, unittest, RSpec, PHPUnit."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from base import Framework, call, lacking, of_python, of_script


class Pytest(Framework):
    name = "pytest"
    read_row = staticmethod(of_python)
    unfit = {"test_broken.py": "does not parse"}

    def install(self, tools):
        self.packages = tools / "python"
        if not (self.packages / "pytest").is_dir():
            pip = [sys.executable, "-m", "pip"]
            if subprocess.run([*pip, "--version"], capture_output=True).returncode:
                return "no pip on this machine"
            call([*pip, "install", "--quiet", "--target", self.packages, "pytest==8.*"], tools, fail=True)
        return ""

    def run(self, folders, files):
        work = folders[0].parent
        report = work / "report.xml"
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", work,
                   "-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}"]
        call([*command, *folders], work, dict(os.environ, PYTHONPATH=str(self.packages)))
        outcomes = {folder.name: {} for folder in folders}
        for case in ElementTree.parse(report).iter("testcase"):
            child = next((one for one in case if one.tag in ("skipped", "failure", "error")), None)
            status = "passed" if child is None else child.tag
            if child is not None and child.get("type") == "pytest.xfail":
                status = "expected"
            variant, _, group = case.get("classname").partition(".")
            # What cannot be collected has no variant: its tests are gone.
            outcomes.setdefault(variant, {})[(group, case.get("name"))] = status
        return [outcomes[folder.name] for folder in folders]


class Unittest(Framework):
    name = "unittest"
    read_row = staticmethod(of_python)
    beside = ("helpers_base.py", "helpers_trial.py")
    # Prints the outcomes by test; in a child of its own, so that modules are read anew.
    script = """
import json, sys, unittest
seen = {}
class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        seen[test.id()] = "passed"
    def addSkip(self, test, reason):
        seen[test.id()] = "skipped"
    def addFailure(self, test, error):
        seen[test.id()] = "failed"
    addError = addUnexpectedSuccess = addFailure
    def addExpectedFailure(self, test, error):
        seen[test.id()] = "expected"
unittest.defaultTestLoader.loadTestsFromName(sys.argv[1]).run(Result())
print(json.dumps(seen))
"""

    def install(self, tools):
        return ""

    def run(self, folders, files):
        outcomes = []
        for folder, file in zip(folders, files, strict=True):
            command = [sys.executable, "-B", "-c", self.script, file.removesuffix(".py")]
            said = json.loads(call(command, folder, fail=True))
            outcomes.append({tuple(name.split(".")): status for name, status in said.items()})
        return outcomes


class Rspec(Framework):
    name = "rspec"
    read_row = staticmethod(of_script)
    place = "spec"
    unfit = {"broken_spec.rb": "does not parse"}
    # Each folder in a child of its own: samples define the same names.
    script = """
require "rspec/core"
require "rspec/expectations"
require "rspec/mocks"
ARGV.each do |folder|
  fork do
    $stdout.reopen(File::NULL)
    Dir.chdir(folder)
    exit! RSpec::Core::Runner.run(["--format", "json", "--out", "report.json", *Dir["*_spec.rb"]])
  end
  Process.wait
end
"""

    def install(self, tools):
        if lacking("ruby"):
            return lacking("ruby")
        script = "require 'rspec/core'; require 'rspec/expectations'; require 'rspec/mocks'"
        found = subprocess.run(["ruby", "-e", script], capture_output=True)
        return "no RSpec on this machine" if found.returncode else ""

    def run(self, folders, files):
        call(["ruby", "-e", self.script, *folders], folders[0].parent)
        outcomes = []
        self.titles: dict[str, str] = {}
        for folder in folders:
            examples = json.loads((folder / "report.json").read_text("utf-8"))["examples"]
            # By id: what has no title is named after what it expects, and not when it is skipped.
            for one in examples:
                self.titles.setdefault(one["id"], one["description"])
            outcomes.append({(one["id"],): one["status"].replace("pending", "skipped") for one in examples})
        return outcomes

    def title(self, test):
        return self.titles[test[-1]]


class Phpunit(Framework):
    name = "phpunit"
    read_row = staticmethod(of_script)
    unfit = {"BrokenTest.php": "does not parse"}
    # The test that depends on it is skipped as well, of which the plan warns.
    counts = {("ExpectTest.php", "ExpectTest::testThrows"): 2}
    # The abstract class and the trait are run by a class that has both; a file is run for the class of its name.
    stubs = {
        "AbstractTest.php": ("MadeTest.php", """<?php
require __DIR__ . '/AbstractTest.php';
class MadeTest extends App\\Tests\\AbstractTest
{
    use App\\Tests\\Counting;
    protected function make(): array { return [1]; }
    public function testAbstract(): void { $this->assertTrue(true); }
}
"""),
        "TwoClassesTest.php": ("OtherTest.php", """<?php
require __DIR__ . '/TwoClassesTest.php';
class OtherTest extends App\\Tests\\OtherTest {}
"""),
    }

    def install(self, tools):
        if lacking("php", "phpunit"):
            return lacking("php", "phpunit")
        version = int(re.search(r"PHPUnit (\d+)", call(["phpunit", "--version"], tools))[1])
        if version < 10:
            self.unfit = {**self.unfit, "AttributesTest.php": f"PHPUnit {version} knows no attributes"}
        if version > 10:
            # Old forms that this version has given up.
            gone = dict.fromkeys(("TabsTest.php", "MoreRowsTest.php"), "its data providers are not static")
            self.unfit = {**self.unfit, **gone}
        return ""

    def lay(self, folder, samples, variant):
        super().lay(folder, samples, variant)
        if variant.file in self.stubs:
            name, content = self.stubs[variant.file]
            (folder / name).write_text(content)

    def run(self, folders, files):
        return [self.run_one(folder, file) for folder, file in zip(folders, files, strict=True)]

    def run_one(self, folder: Path, file: str) -> dict:
        outcomes = {}
        for number, one in enumerate([file, *self.stubs.get(file, ())[:1]]):
            log = folder / f"log{number}.xml"
            call(["phpunit", "--no-configuration", "--log-junit", log, one], folder)
            if not log.exists():
                continue
            for case in ElementTree.parse(log).iter("testcase"):
                status = next((child.tag for child in case if child.tag in ("skipped", "failure", "error")), "passed")
                outcomes[(case.get("class"), case.get("name"))] = status
        return outcomes


FRAMEWORKS = [Pytest(), Unittest(), Rspec(), Phpunit()]
