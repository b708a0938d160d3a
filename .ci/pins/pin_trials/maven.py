"""Maven: it takes the project, and its own model says which versions count. No plugin, so nothing is fetched."""

from pathlib import Path

from .judge import Ecosystem, Set, write

# What `help:effective-pom` prints, without the plugin.
PROGRAM = """
import java.io.File;
import java.util.List;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.building.*;

public class Effective {
    public static void main(String[] poms) throws Exception {
        for (String pom : poms) {
            var request = new DefaultModelBuildingRequest();
            request.setPomFile(new File(pom)).setSystemProperties(System.getProperties()).setProcessPlugins(false);
            request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_STRICT);
            var model = new DefaultModelBuilderFactory().newInstance().build(request).getEffectiveModel();
            print("direct", model.getDependencies());
            if (model.getDependencyManagement() != null) print("managed", model.getDependencyManagement().getDependencies());
        }
    }

    static void print(String kind, List<Dependency> all) {
        for (var one : all) System.out.println(kind + " " + one.getGroupId() + ":" + one.getArtifactId() + ":" + one.getVersion());
    }
}
"""
POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>{name}</artifactId>
  <version>1</version>
{body}
</project>
"""
CHILD = """<project>
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.example</groupId>
    <artifactId>app</artifactId>
    <version>1</version>
  </parent>
  <artifactId>core</artifactId>
{body}
</project>
"""


def dependency(group: str, artifact: str, version: str = "", more: str = "") -> str:
    line = f"<version>{version}</version>" if version else ""
    return f"    <dependency>\n      <groupId>{group}</groupId>\n      <artifactId>{artifact}</artifactId>\n      {line}{more}\n    </dependency>\n"


def dependencies(*parts: str) -> str:
    return f"  <dependencies>\n    <!-- What it stands on. -->\n{''.join(parts)}  </dependencies>"


SLF4J = ("org.slf4j", "slf4j-api")
SIMPLE = ("org.slf4j", "slf4j-simple")
JUNIT = ("junit", "junit")
MANAGED = "  <dependencyManagement>\n{}\n  </dependencyManagement>\n"


class Maven(Ecosystem):
    id = "maven"

    def missing(self) -> str:
        if why := self.tools.missing("mvn", "java", "javac"):
            return why
        version = self.tools.must(["mvn", "--batch-mode", "--version"], self.tools.place)
        home = next(line.split(":", 1)[1].strip() for line in version.splitlines() if line.startswith("Maven home"))
        place = self.tools.place / "maven-model"
        write(place, {"Effective.java": PROGRAM})
        self.libraries = f"{home}/lib/*:{place}"
        self.tools.must(["javac", "-cp", self.libraries, "Effective.java"], place)
        return ""

    def sets(self) -> list[Set]:
        def one(name: str, version: str, body: str, package: tuple[str, str] = SLF4J, **more: str) -> Set:
            return Set(name, ":".join(package), version, {"pom.xml": POM.format(name="app", body=body), **more})

        property = "  <properties>\n    <slf4j.version>2.0.13</slf4j.version> <!-- both -->\n  </properties>\n"
        modules = "  <packaging>pom</packaging>\n  <modules>\n    <module>core</module>\n  </modules>\n"
        held = MANAGED.format(dependencies(dependency(*SLF4J, "2.0.13")))
        child = {"core/pom.xml": CHILD.format(body=dependencies(dependency(*SLF4J)))}
        return [
            one("literal", "2.0.9", dependencies(dependency(*SLF4J, "2.0.13"))),
            one("property", "2.0.9", property + dependencies(dependency(*SLF4J, "${slf4j.version}"))),
            one("transitive", "2.0.9", dependencies(dependency(*SIMPLE, "2.0.13"))),
            one("managed", "2.0.9", held + dependencies(dependency(*SIMPLE, "2.0.13"))),
            one("modules", "2.0.9", modules + held, **child),
            one("test", "4.13.1", dependencies(dependency(*JUNIT, "4.13.2", "<scope>test</scope>")), JUNIT),
            one("range", "2.0.9", dependencies(dependency(*SLF4J, "[2.0,2.0.13]"))),
        ]

    def refuses(self, root: Path, one: Set) -> str:
        kept = f"-Dmaven.repo.local={self.tools.place / 'cache/maven'}"
        done = self.tools.run(["mvn", "--batch-mode", "--offline", "--quiet", kept, "validate"], root)
        if not done.fine:
            return done.said
        poms = sorted(root.rglob("pom.xml"))
        done = self.tools.run(["java", "-cp", self.libraries, "Effective", *poms], root)
        if not done.fine:
            return done.said
        lines = [line for line in done.output.splitlines() if f" {one.package}:" in line]
        is_fine = all(f"{one.package}:{one.version}" in line for line in lines) and (lines or not one.version)
        return "" if is_fine else f"Maven takes another {one.package}: {lines}"
