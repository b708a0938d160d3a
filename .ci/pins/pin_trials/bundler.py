"""Bundler: gems of our own, indexed in a directory, because RubyGems is out of reach."""

from pathlib import Path

from .judge import Ecosystem, Set, write

GEMS = [
    ("base", "1.0.0", ()), ("base", "1.1.0", ()), ("top", "1.0.0", (("base", "~> 1.0"),)),
    ("top", "2.0.0", (("base", ">= 1.0"),)), ("side", "0.1.0", ()), ("side", "0.2.0", ()),
]  # fmt: skip
SPEC = """Gem::Specification.new do |s|
  s.name = '{name}'
  s.version = '{version}'
  s.summary = 'A sample'
  s.description = 'A sample of the trials'
  s.authors = ['trial']
  s.homepage = 'https://example.com'
  s.license = 'MIT'
  s.files = []
{needs}end
"""


class Bundler(Ecosystem):
    id = "bundler"
    locks = ("Gemfile.lock",)

    def missing(self) -> str:
        if why := self.tools.missing("ruby", "gem", "bundle"):
            return why
        self.index = self.tools.place / "gems"
        if not (self.index / "specs.4.8.gz").is_file():
            (self.index / "gems").mkdir(parents=True, exist_ok=True)
            for name, version, needs in GEMS:
                lines = "".join(f"  s.add_dependency '{other}', '{least}'\n" for other, least in needs)
                write(self.index, {"one.gemspec": SPEC.format(name=name, version=version, needs=lines)})
                self.tools.must(["gem", "build", "--silent", "one.gemspec", "--output", f"gems/{name}-{version}.gem"], self.index)
            done = self.tools.run(["gem", "generate_index"], self.index)
            if not done.fine:
                return "this `gem` knows no generate_index"
        return ""

    def sets(self) -> list[Set]:
        head = f'source "{self.index.as_uri()}"\n\n'
        plain = head + 'gem "top" # the top\ngem \'side\', ">= 0.1"\n'
        group = head + 'gem "top", "~> 2.0", require: false\n\ngroup :development, :test do\n  gem "side", require: "side/all" # aside\nend\n'

        def one(name: str, package: str, version: str, text: str, old: str = "", new: str = "", **more) -> Set:
            before = {"Gemfile": text.replace(old, new) if old else f'{text}gem "{package}", "{version}"\n'}
            return Set(name, package, version, {"Gemfile": text}, {} if more else before, **more)

        return [
            one("direct", "top", "1.0.0", plain, 'gem "top"', 'gem "top", "1.0.0"'),
            one("range", "side", "0.1.0", plain, '">= 0.1"', '"0.1.0"'),
            one("transitive", "base", "1.0.0", plain),
            one("group", "side", "0.1.0", group, 'gem "side"', 'gem "side", "0.1.0"'),
            one("unknown", "top", "1.0.0", plain, refresh=True),
        ]

    def resolve(self, root: Path, one: Set) -> None:
        self.tools.must(["bundle", "lock"], root)

    def refuses(self, root: Path, one: Set) -> str:
        done = self.tools.run(["bundle", "install"], root, BUNDLE_FROZEN="true")
        if not done.fine:
            return done.said
        listed = self.tools.must(["bundle", "list"], root, BUNDLE_FROZEN="true")
        return "" if f"* {one.package} ({one.version}" in listed else f"Bundler takes another {one.package}:\n{listed}"
