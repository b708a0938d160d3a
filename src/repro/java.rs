//! Java and Kotlin: Maven and Gradle.

use super::input::{Framework, Selector};
use super::manifest::xml_text;
use super::preamble::Helper;
use super::quote::shown;
use super::recipe::Recipe;
use super::version::{self, Found, first_in_range};
use super::writer::Packages;

const INSTALL: &str = r#"if [ -x "$tools/java/bin/javac" ]; then export JAVA_HOME=$tools/java; fi
if [ -n "${JAVA_HOME:-}" ]; then export PATH="$JAVA_HOME/bin:$PATH"; fi
java_fits() { have javac && case "$(javac -version 2>&1)" in {pattern}) true ;; *) false ;; esac; }
if ! java_fits; then
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux/x64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux/aarch64 ;;
    Darwin-x86_64) platform=mac/x64 ;;
    Darwin-arm64) platform=mac/aarch64 ;;
    *)
      say 'There is no Java build for this machine; install Java by hand.'
      exit 1
      ;;
  esac
  if [ "$manager" = apk ]; then platform=alpine-$platform; fi
  download "https://api.adoptium.net/v3/binary/latest/{major}/ga/$platform/jdk/hotspot/normal/eclipse" "$tools/java.tar.gz"
  rm -rf "$tools/java"
  mkdir -p "$tools/java"
  tar -xzf "$tools/java.tar.gz" -C "$tools/java" --strip-components 1
  if [ -d "$tools/java/Contents/Home" ]; then JAVA_HOME=$tools/java/Contents/Home; else JAVA_HOME=$tools/java; fi
  export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
fi"#;

/// Writes the part of the script for Java.
pub(super) fn write(recipe: &mut Recipe) {
    let gradle_names = ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradlew"];
    recipe.choose_directory(&|name| name == "pom.xml" || gradle_names.contains(&name));
    recipe.enter();
    compiler(recipe);
    let gradle = match recipe.wanted.framework {
        Framework::Maven => false,
        Framework::Gradle => true,
        _ => !recipe.repository.has(&recipe.directory, "pom.xml"),
    };
    let program = if gradle { gradle_program(recipe) } else { maven_program(recipe) };
    if recipe.run_command() {
        return;
    }
    if gradle { gradle_tests(recipe, program) } else { maven_tests(recipe, program) }
}

fn wanted_version(recipe: &Recipe) -> Option<Found> {
    let (repository, directory) = (&recipe.repository, recipe.directory.as_str());
    let from_pom = || {
        let text = repository.text(directory, "pom.xml")?;
        [
            "maven.compiler.release",
            "java.version",
            "maven.compiler.source",
            "maven.compiler.target",
            "jdk.version",
            "release",
        ]
        .iter()
        .find_map(|element| Found::new(xml_text(text, element)?, "pom.xml"))
    };
    let from_gradle = || {
        ["build.gradle", "build.gradle.kts"].into_iter().find_map(|name| {
            let text = repository.text(directory, name)?;
            let signs = ["JavaLanguageVersion.of(", "jvmToolchain(", "JavaVersion.VERSION_", "sourceCompatibility"];
            let rest = signs.iter().find_map(|sign| text.split_once(sign)).map(|(_, rest)| rest)?;
            let line = rest.lines().next()?.replace('_', ".");
            Found::new(first_in_range(&line)?, name)
        })
    };
    let from_sdkman = || {
        let text = repository.text(directory, ".sdkmanrc")?;
        Found::new(text.lines().find_map(|line| line.trim().strip_prefix("java="))?, ".sdkmanrc")
    };
    version::from_matrix(&recipe.wanted.matrix, &["java-version", "java", "jdk", "jdk-version"])
        .or_else(|| version::from_file(repository, directory, ".java-version"))
        .or_else(from_sdkman)
        .or_else(from_pom)
        .or_else(from_gradle)
}

/// `1.8` is 8, `temurin-17.0.2` is not taken.
fn major(found: &Found) -> Option<u32> {
    match found.numbers(2)[..] {
        [1, minor] => Some(minor),
        [major, ..] => Some(major),
        [] => None,
    }
    .filter(|major| (8..100).contains(major))
}

fn compiler(recipe: &mut Recipe) {
    let found = wanted_version(recipe).and_then(|found| major(&found).map(|major| (major, found.because)));
    let writer = &mut recipe.writer;
    let Some((major, because)) = found else {
        writer.say("System Java, because the repository specifies no version");
        writer.need(
            "javac",
            "the tests are compiled",
            Packages { apt: "default-jdk-headless", dnf: "java-devel", apk: "openjdk21-jdk", brew: "openjdk" },
        );
        return;
    };
    writer.uses(Helper::Download);
    writer.say(&format!("Java {major}, because {because}"));
    let shown = if major == 8 { "1.8".to_owned() } else { major.to_string() };
    let pattern = format!("\"javac {shown}\" | \"javac {shown}.\"*");
    writer.lines(&INSTALL.replace("{pattern}", &pattern).replace("{major}", &major.to_string()));
}

fn maven_program(recipe: &mut Recipe) -> &'static str {
    if recipe.repository.has(&recipe.directory, "mvnw") {
        recipe.writer.say("The Maven wrapper, because the repository has one; Maven fetches what pom.xml lists");
        recipe.writer.uses(Helper::Have);
        return "sh ./mvnw -B -ntp";
    }
    recipe.writer.need("mvn", "pom.xml is built with it and it fetches what pom.xml names", Packages::same("maven"));
    "mvn -B -ntp"
}

fn gradle_program(recipe: &mut Recipe) -> &'static str {
    if recipe.repository.has(&recipe.directory, "gradlew") {
        recipe.writer.say("The Gradle wrapper, because the repository has one; Gradle fetches what the build names");
        return "sh ./gradlew --no-daemon";
    }
    recipe.writer.say("System Gradle, because the repository has no wrapper; its version may differ");
    recipe.writer.need("gradle", "the project is built with it", Packages::same("gradle"));
    "gradle --no-daemon"
}

/// A class or method as the tools name it; parameters of a parameterized test are left out.
fn plain_name(test: &Selector) -> String {
    let name = test.name.as_deref().unwrap_or_default();
    let end = name.find(['(', '[', '{']).unwrap_or(name.len());
    name.split_at(end).0.trim().to_owned()
}

fn maven_tests(recipe: &mut Recipe, program: &str) {
    let (mut names, mut modules) = (Vec::new(), Vec::new());
    for test in recipe.tests() {
        let name = plain_name(&test);
        if name.contains([',', '!', '*', '?', ' ', '%']) {
            recipe.writer.refuse(format!("\"{}\" is not a Java test; write Class#method.", shown(&name)));
        }
        names.extend((!name.is_empty()).then_some(name));
        modules.extend(test.file);
    }
    modules.sort_unstable();
    modules.dedup();
    let mut line = format!("{program} test");
    if !names.is_empty() {
        let option = recipe.writer.quoted(&format!("-Dtest={}", names.join(",")));
        line.push_str(&format!(" {option} -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false"));
    }
    if !modules.is_empty() {
        let option = recipe.writer.operand(&modules.join(","));
        line.push_str(&format!(" -pl {option} -am"));
    }
    recipe.run(&line);
}

fn gradle_tests(recipe: &mut Recipe, program: &str) {
    let tests = recipe.tests();
    if tests.is_empty() {
        recipe.run(&format!("{program} test"));
    }
    let mut modules: Vec<Option<&str>> = tests.iter().map(|test| test.file.as_deref()).collect();
    modules.sort_unstable();
    modules.dedup();
    for module in modules {
        let task = module.map_or_else(
            || "test".to_owned(),
            |path| format!(":{}:test", path.trim_matches([':', '/']).replace('/', ":")),
        );
        let mut line = format!("{program} {}", recipe.writer.quoted(&task));
        for test in tests.iter().filter(|test| test.file.as_deref() == module && test.name.is_some()) {
            let name = recipe.writer.operand(&plain_name(test).replace('#', "."));
            line.push_str(&format!(" --tests {name}"));
        }
        recipe.run(&line);
    }
}
