//! The words of names that tell a deployment.

/// In the name of a file or a workflow.
const TITLE: &[&str] = &[
    "deploy",
    "deploys",
    "deployed",
    "deployer",
    "deploying",
    "deployment",
    "deployments",
    "undeploy",
    "redeploy",
    "release",
    "releases",
    "released",
    "releaser",
    "releasing",
    "prerelease",
    "publish",
    "publishes",
    "published",
    "publisher",
    "publishing",
    "publication",
    "cd",
    "cicd",
    "prod",
    "production",
    "staging",
    "preprod",
    "rollout",
    "rollback",
    "promote",
    "promotion",
    "ship",
    "shipit",
    "delivery",
    "pypi",
    "testflight",
    "playstore",
    "appstore",
];

/// In the identifier or name of a job: there `release` may be a kind of build, so that it has to come first.
const JOB: &[&str] =
    &["deploy", "deploys", "deployment", "publish", "publishing", "undeploy", "redeploy", "rollout", "rollback"];
const JOB_FIRST: &[&str] = &["release", "prod", "production", "staging", "cd", "promote", "ship"];
/// What is published here stays within CI.
const HARMLESS: &[&str] = &["test", "tests", "result", "results", "coverage", "report", "reports", "summary"];

/// The words of a name: pieces of letters or digits, in small letters; `deployProd` has two.
fn words(name: &str) -> Vec<String> {
    const NAME_MAX: usize = 300;
    let mut words = vec![String::new()];
    let mut before_small = false;
    for c in name.chars().take(NAME_MAX) {
        let turns = before_small && c.is_uppercase();
        if !c.is_alphanumeric() || turns {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(c.to_lowercase()));
        }
        before_small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The word of a file's or workflow's name that tells a deployment.
pub fn in_title(name: &str) -> Option<String> {
    words(name).into_iter().find(|word| TITLE.contains(&word.as_str()))
}

/// The word of a job's identifier or name that tells a deployment.
pub fn in_job(name: &str) -> Option<String> {
    let words = words(name);
    if words.iter().any(|word| HARMLESS.contains(&word.as_str())) {
        return words.into_iter().find(|word| word.starts_with("deploy"));
    }
    let first = words.first().filter(|word| JOB_FIRST.contains(&word.as_str())).cloned();
    first.or_else(|| words.into_iter().find(|word| JOB.contains(&word.as_str())))
}

/// Actions that deploy, publish, or log in where that is done.
const ACTIONS: &[&str] = &[
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "azure/aks-set-context",
    "azure/k8s-set-context",
    "google-github-actions/auth",
    "google-github-actions/get-gke-credentials",
    "pypa/gh-action-pypi-publish",
    "softprops/action-gh-release",
    "actions/create-release",
    "actions/attest-build-provenance",
    "actions/upload-pages-artifact",
    "peaceiris/actions-gh-pages",
    "goreleaser/goreleaser-action",
    "googleapis/release-please-action",
    "changesets/action",
    "cloudflare/wrangler-action",
    "cloudflare/pages-action",
    "amondnet/vercel-action",
    "nwtgck/actions-netlify",
    "netlify/actions",
    "superfly/flyctl-actions",
    "appleboy/ssh-action",
    "appleboy/scp-action",
    "samkirkland/ftp-deploy-action",
    "burnett01/rsync-deployments",
    "pulumi/actions",
    "hashicorp/tfc-workflows-github",
    "digitalocean/action-doctl",
    "r0adkll/upload-google-play",
    "apple-actions/upload-testflight-build",
    "snapcore/action-publish",
    "rtcamp/action-deploy-wordpress",
];

/// Whether the action of this name, in small letters, deploys or publishes.
pub fn is_deploying_action(name: &str) -> bool {
    let within = |action: &str| name.strip_prefix(action).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if ACTIONS.iter().any(|action| within(action)) {
        return true;
    }
    // The owner may be called anything: only the action's own name counts.
    let own = words(name.split_once('/').map_or("", |(_, own)| own));
    let harmless = own.iter().any(|word| HARMLESS.contains(&word.as_str()));
    own.iter().any(|word| {
        word.starts_with("deploy") || (!harmless && (word.starts_with("publish") || word.starts_with("releas")))
    })
}

/// Whether the action builds images, and pushes them when told to.
pub fn is_building_action(name: &str) -> bool {
    matches!(
        name,
        "docker/build-push-action"
            | "docker/bake-action"
            | "redhat-actions/buildah-build"
            | "depot/build-push-action"
            | "mr-smithers-excellent/docker-build-push"
            | "useblacksmith/build-push-action"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_by_whole_words() {
        for (name, found) in [
            ("deploy.yml", Some("deploy")),
            ("CI/CD", Some("cd")),
            ("cicd.yaml", Some("cicd")),
            ("deployProd.yml", Some("deploy")),
            ("Nightly (production)", Some("production")),
            ("abcd.yml", None),
            ("product-tests.yml", None),
            ("ci.yml", None),
            ("employment.yml", None),
        ] {
            assert_eq!(in_title(name).as_deref(), found, "{name}");
        }
        for (name, found) in [
            ("deploy", Some("deploy")),
            ("release", Some("release")),
            ("build-release", None),
            ("publish-test-results", None),
            ("npm_publish", Some("publish")),
        ] {
            assert_eq!(in_job(name).as_deref(), found, "{name}");
        }
    }

    #[test]
    fn actions_tell_by_name() {
        for (name, deploys) in [
            ("actions/deploy-pages", true),
            ("pypa/gh-action-pypi-publish", true),
            ("enricomi/publish-unit-test-result-action", false),
            ("enricomi/publish-unit-test-result-action/macos", false),
            ("release-tools/setup", false),
            ("superfly/flyctl-actions/setup-flyctl", true),
            ("actions/cache/restore", false),
            ("actions/checkout", false),
        ] {
            assert_eq!(is_deploying_action(name), deploys, "{name}");
        }
    }
}
