//! The commands of a step that deploy or publish something.

/// A program and a word behind it, with any options between.
const COMMANDS: &[(&str, &[&str])] = &[
    ("npm", &["publish", "unpublish"]),
    ("pnpm", &["publish"]),
    ("yarn", &["publish"]),
    ("bun", &["publish"]),
    ("lerna", &["publish"]),
    ("changeset", &["publish"]),
    ("deno", &["publish"]),
    ("jsr", &["publish"]),
    ("vsce", &["publish"]),
    ("ovsx", &["publish"]),
    ("semantic-release", &[]),
    ("release-it", &[]),
    ("cargo", &["publish", "release"]),
    ("twine", &["upload"]),
    ("poetry", &["publish"]),
    ("uv", &["publish"]),
    ("hatch", &["publish"]),
    ("flit", &["publish"]),
    ("pdm", &["publish"]),
    ("maturin", &["publish", "upload"]),
    ("gem", &["push"]),
    ("mvn", &["deploy", "release:perform"]),
    ("mvnw", &["deploy", "release:perform"]),
    ("gradle", &["publish", "uploadArchives", "publishPlugins"]),
    ("gradlew", &["publish", "uploadArchives", "publishPlugins"]),
    ("sbt", &["publish", "ci-release"]),
    ("nuget", &["push"]),
    ("dotnet", &["push"]),
    ("mix", &["hex.publish"]),
    ("docker", &["push", "--push"]),
    ("podman", &["push"]),
    ("buildah", &["push"]),
    ("skopeo", &["copy"]),
    ("crane", &["push", "copy"]),
    ("kubectl", &["apply", "replace", "rollout", "set"]),
    ("oc", &["apply", "rollout"]),
    ("helm", &["upgrade", "install", "push", "rollback"]),
    ("helmfile", &["apply", "sync"]),
    ("terraform", &["apply", "destroy"]),
    ("tofu", &["apply", "destroy"]),
    ("terragrunt", &["apply", "destroy", "run-all"]),
    ("pulumi", &["up", "destroy"]),
    ("cdk", &["deploy"]),
    ("sam", &["deploy"]),
    ("serverless", &["deploy"]),
    ("sls", &["deploy"]),
    ("aws", &["sync", "cp", "update-service", "update-function-code", "create-deployment", "deploy"]),
    ("gcloud", &["deploy", "submit"]),
    ("gsutil", &["cp", "rsync"]),
    ("az", &["deploy", "up", "deployment"]),
    ("eb", &["deploy"]),
    ("heroku", &["container:release", "container:push"]),
    ("fly", &["deploy"]),
    ("flyctl", &["deploy"]),
    ("vercel", &["deploy", "--prod"]),
    ("netlify", &["deploy"]),
    ("firebase", &["deploy"]),
    ("wrangler", &["deploy", "publish"]),
    ("surge", &[]),
    ("gh-pages", &[]),
    ("mkdocs", &["gh-deploy"]),
    ("mike", &["deploy"]),
    ("goreleaser", &["release"]),
    ("gh", &["release"]),
    ("ansible-playbook", &[]),
    ("fastlane", &["deliver", "pilot", "supply", "release"]),
];

/// The command in a script that deploys or publishes. `--dry-run` in the same command makes it harmless.
pub fn deploys(script: &str) -> Option<String> {
    let joined = script.replace("\\\r\n", " ").replace("\\\n", " ").replace("`\n", " ");
    joined.split(['\n', ';', '&', '|', '(', ')', '`']).find_map(in_command)
}

fn in_command(command: &str) -> Option<String> {
    let quotes = ['"', '\'', '$', '{', '}'];
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(quotes)).collect();
    if words.first().is_some_and(|word| word.starts_with('#')) {
        return None;
    }
    if words.iter().any(|word| *word == "--dry-run" || word.starts_with("--dry-run=client")) {
        return None;
    }
    listed(&words).or_else(|| words.iter().find_map(|word| by_word(word)))
}

/// A program's name without its folder and ending.
fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    ["exe", "cmd", "bat"].iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.')).unwrap_or(name)
}

/// A program of the table with one of its words somewhere behind it. In one pass: scripts come from strangers.
fn listed(words: &[&str]) -> Option<String> {
    let only_reads = words.iter().any(|word| matches!(*word, "download" | "view" | "list"));
    let mut called: Vec<&(&str, &[&str])> = Vec::new();
    let mut copies = None;
    for word in words {
        // A task such as `publish:npm` counts as its first word does.
        let task = word.split(':').next().unwrap_or_default();
        for (name, verbs) in &called {
            if let Some(verb) = verbs.iter().find(|verb| *word == **verb || task == **verb) {
                return Some(format!("{name} {verb}"));
            }
        }
        if copies.is_some() && is_remote(word) {
            return copies;
        }
        let program = program(word);
        if matches!(program, "rsync" | "scp" | "sftp" | "ssh") {
            copies = Some(program.to_owned());
        }
        let Some(found) = COMMANDS.iter().find(|(name, _)| program == *name) else { continue };
        if found.1.is_empty() {
            return Some(found.0.to_owned());
        }
        let is_harmless = found.0 == "gh" && only_reads;
        if !is_harmless && !called.contains(&found) {
            called.push(found);
        }
    }
    None
}

/// `web@host:/srv`.
fn is_remote(word: &str) -> bool {
    word.contains('@') && word.contains(':') && !word.contains("://")
}

/// Any word of a script that is about deploying: `./deploy.sh`, `make deploy`, `npm run deploy:prod`.
fn by_word(word: &str) -> Option<String> {
    let mut pieces = word.split(|c: char| !c.is_ascii_alphanumeric());
    pieces.find(|piece| matches!(piece.to_ascii_lowercase().as_str(), "deploy" | "deployment")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::deploys;

    #[test]
    fn commands_tell() {
        for (script, found) in [
            ("npm publish", Some("npm publish")),
            ("npm ci\nnpm --workspace x publish --access public\n", Some("npm publish")),
            ("cargo publish --dry-run", None),
            ("cargo publish --dry-run && cargo publish", Some("cargo publish")),
            ("cargo +stable \\\n  publish", Some("cargo publish")),
            ("kubectl -n prod apply -f k8s/", Some("kubectl apply")),
            ("./gradlew publish", Some("gradlew publish")),
            ("helm upgrade --install x .", Some("helm upgrade")),
            ("terraform apply -auto-approve", Some("terraform apply")),
            ("terraform validate", None),
            ("npm run deploy:prod", Some("deploy")),
            ("npm run publish:npm", Some("npm publish")),
            ("bash scripts/deploy.sh", Some("deploy")),
            ("python -m twine upload dist/*", Some("twine upload")),
            ("cargo test --release", None),
            ("# npm publish\nnpm test", None),
            ("docker build -t x .", None),
            ("docker buildx build --push .", Some("docker --push")),
            ("echo done; npm publish", Some("npm publish")),
            ("git push", None),
            ("gh release create v1", Some("gh release")),
            ("gh release download v1", None),
            ("rsync -a site/ web@host.example:/srv", Some("rsync")),
            ("rsync -a a/ b/", None),
            ("npm test", None),
        ] {
            assert_eq!(deploys(script).as_deref(), found, "{script}");
        }
    }
}
