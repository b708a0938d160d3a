"""Gradle, by Debian's 4.4: build scripts in Groovy, with packages of our own. Catalogs, locks and scripts in Kotlin are
beyond it."""

from pathlib import Path

from .judge import Ecosystem, Set, write

PACKAGES = {"acme:kit": ("1.0.0", "1.1.0", "1.2.0"), "acme:base": ("2.0.0", "2.1.0")}
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>{}</groupId>
  <artifactId>{}</artifactId>
  <version>{}</version>
  <packaging>pom</packaging>
</project>
"""
SCRIPT = """apply plugin: 'java'

ext.kitVersion = '1.2.0'

repositories {{
    maven {{ url '{repository}' }}
}}

dependencies {{
{dependencies}
}}

task resolved {{
    doLast {{
        configurations.compileClasspath.incoming.resolutionResult.allComponents {{ println it.moduleVersion }}
    }}
}}
"""


class Gradle(Ecosystem):
    id = "gradle"

    def missing(self) -> str:
        if why := self.tools.missing("gradle", "java"):
            return why
        self.repository = self.tools.place / "gradle-repository"
        for package, versions in PACKAGES.items():
            group, name = package.split(":")
            for version in versions:
                write(self.repository, {f"{group}/{name}/{version}/{name}-{version}.pom": POM.format(group, name, version)})
        return ""

    def sets(self) -> list[Set]:
        def one(name: str, version: str, *lines: str, package: str = "acme:kit") -> Set:
            dependencies = "\n".join(f"    {line}" for line in lines)
            script = SCRIPT.format(repository=self.repository, dependencies=dependencies)
            return Set(name, package, version, {"build.gradle": script})

        return [
            one("string", "1.1.0", "implementation 'acme:kit:1.2.0' // the kit", "implementation 'acme:base:2.1.0'"),
            one("map", "1.1.0", "implementation group: 'acme', name: 'kit', version: '1.2.0'"),
            one("variable", "1.0.0", 'implementation "acme:kit:$kitVersion"'),
            one("block", "1.0.0", 'implementation("acme:kit:${kitVersion}") {', "    transitive = true", "}"),
            one("other", "2.0.0", "implementation 'acme:kit:1.2.0'", "compileOnly 'acme:base:2.+'", package="acme:base"),
        ]

    def refuses(self, root: Path, one: Set) -> str:
        home = self.tools.place / "cache/gradle"
        done = self.tools.run(["gradle", "--no-daemon", "--offline", "--quiet", "--gradle-user-home", home, "resolved"], root)
        if not done.fine:
            return done.said
        resolved = done.output.split()
        if not one.version or f"{one.package}:{one.version}" in resolved:
            return ""
        return f"Gradle takes another {one.package}: {' '.join(resolved)}"
