//! What people read: every note has words on every platform, and the words are plain English.

use ci_rescue::card::{MARKUPS, Words};
use ci_rescue::domain::journal::Note;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// One of each kind, and those whose words depend on what they hold.
fn notes() -> Vec<Value> {
    let row = json!({"no": 7, "stage": "awaiting_approval", "severity": "blocker", "repo": "acme/shop", "branch": "main",
        "job": "test", "line": "boom", "opened_at": 0});
    let quarantined = json!({"id": "2-1", "repo": "acme/shop", "test": "test_a", "owner": "@acme/qa", "age": "3d",
        "until": "2026-01-08", "reason": "flaky", "served": true});
    vec![
        json!({"note": "opened", "job": "test", "conclusion": "timed_out"}),
        json!({"note": "requested", "by": "ada"}),
        json!({"note": "joined", "job": "lint", "count": 1}),
        json!({"note": "storm", "count": 40}),
        json!({"note": "ignored", "why": "the job has already run"}),
        json!({"note": "evidence_found", "line": "boom", "category": "secret_missing"}),
        json!({"note": "log_missing", "why": "it expired"}),
        json!({"note": "base_fails", "incident": 1, "since": 0}),
        json!({"note": "adopted_by", "incident": 1}),
        json!({"note": "adopted", "incident": 2}),
        json!({"note": "proposed", "proposal": "1-1", "remedy": "retry", "summary": "re-run test", "by": "ada"}),
        json!({"note": "planned", "summary": "s", "notes": ["n"], "because": ["b"], "quorum": 1}),
        json!({"note": "awaiting_approval", "proposal": "1-1", "summary": "s", "quorum": 2, "expires_at": 0,
            "because": []}),
        json!({"note": "preview", "proposal": "1-1", "onto": "main", "stat": "1 file, +1 -1", "files": ["a"],
            "hunk": ["+b"]}),
        json!({"note": "deployment_waits", "environments": ["production"], "reviewers": "", "hours": 0}),
        json!({"note": "deployment_waits", "environments": ["production", "eu"], "reviewers": "ada, team ops", "hours": 4}),
        json!({"note": "deployment_reviewed", "by": "ada", "approved": true, "environments": ["production"], "reason": null, "elsewhere": false}),
        json!({"note": "deployment_reviewed", "by": "ada", "approved": false, "environments": ["production"], "reason": "too late", "elsewhere": true}),
        json!({"note": "approved", "proposal": "1-1", "by": "ada", "have": 1, "quorum": 2}),
        json!({"note": "plan_changed", "proposal": "1-1", "summary": "s"}),
        json!({"note": "waiting_for_run", "proposal": "1-1"}),
        json!({"note": "merged", "proposal": "1-1"}),
        json!({"note": "not_merged", "proposal": "1-1", "why": "w"}),
        json!({"note": "waiting_for", "proposal": "1-1", "what": "w"}),
        json!({"note": "started", "proposal": "1-1", "summary": "s"}),
        json!({"note": "done", "proposal": "1-1", "summary": "s"}),
        json!({"note": "made", "proposal": "1-1", "made": ["pull request #9"], "summary": "s"}),
        json!({"note": "made", "proposal": "1-1", "made": [], "summary": "s"}),
        json!({"note": "bisected", "proposal": "1-1", "summary": "the culprit is 1a2b3c4 Three (97 %)",
            "because": ["5d6e7f8 passes"]}),
        json!({"note": "bisected", "proposal": "1-1", "summary": "no culprit", "because": []}),
        json!({"note": "attempted", "proposal": "1-1", "n": 1, "came": "proposed", "why": ["1 file, +1 -4"], "cost": "$0.12", "took_s": 42}),
        json!({"note": "attempted", "proposal": "1-1", "n": 2, "came": "refused", "why": ["src/lib.rs: it skips a test (#[ignore])"], "cost": "$0.10", "took_s": 9}),
        json!({"note": "attempted", "proposal": "1-1", "n": 3, "came": "interrupted", "why": [], "cost": "$0.40", "took_s": 9}),
        json!({"note": "loops", "lines": ["1-1 Rex, #1 acme/shop: fixed after 2 attempts, $0.22, PR #118"], "more": 3}),
        json!({"note": "loops", "lines": [], "more": 0}),
        json!({"note": "routing", "lines": ["Rex in acme/shop, shop-ci: 1 fixed, 0 failed"], "more": 2}),
        json!({"note": "routing", "lines": [], "more": 0}),
        json!({"note": "routing_reset", "workflows": 3}),
        json!({"note": "routing_reset", "workflows": 1}),
        json!({"note": "routing_reset", "workflows": 0}),
        json!({"note": "analysed", "hypothesis": {"words": "the registry limits pulls", "sureness": "medium", "check": "docker login", "guide": "Docker: limits", "at": 0}}),
        json!({"note": "analysed", "hypothesis": {"words": "the disk is full", "sureness": "low", "at": 0}}),
        json!({"note": "not_analysed", "why": "it has no idea"}),
        json!({"note": "budget", "lines": ["9 of 10 automatic actions left"]}),
        json!({"note": "undone", "proposal": "2-5", "why": "requested by ada", "by": "ada",
            "undid": ["PR closed", "branch deleted"]}),
        json!({"note": "undone", "proposal": "2-5", "why": "the push was rejected", "undid": ["branch deleted"]}),
        json!({"note": "undone", "proposal": "2-5", "why": "w"}),
        json!({"note": "failed", "proposal": "1-1", "why": "w", "patch": true}),
        json!({"note": "suspected", "lines": ["l"]}),
        json!({"note": "reproducing"}),
        json!({"note": "undoing", "proposal": "1-1", "by": "ada"}),
        json!({"note": "reproduced"}),
        json!({"note": "repro_queued", "bisect": false}),
        json!({"note": "repro_queued", "bisect": true}),
        json!({"note": "repro_started", "at": "1a2b3c4", "image": "localhost/job:1"}),
        json!({"note": "repro_ran", "at": "1a2b3c4", "came": "red", "why": "exit status 1", "tail": ["boom"], "took_s": 9}),
        json!({"note": "repro_ran", "at": "1a2b3c4 Three", "came": "green", "why": "", "tail": [], "took_s": 0}),
        json!({"note": "repro_ran", "at": "1a2b3c4", "came": "unknown", "why": "its set-up failed", "tail": [], "took_s": 9}),
        json!({"note": "repro_ran", "at": "1a2b3c4", "came": "stopped", "why": "w", "tail": [], "took_s": 0}),
        json!({"note": "repro_cancelled", "by": "ada", "bisect": false}),
        json!({"note": "repro_cancelled", "by": "ada", "bisect": true}),
        json!({"note": "repro_bisected", "summary": "the culprit is 1a2b3c4 Three", "because": ["5d6e7f8 passes"]}),
        json!({"note": "repro_bisected", "summary": "no culprit", "because": []}),
        json!({"note": "refused", "what": "repro run", "why": ["w"]}),
        json!({"note": "refused", "what": "repro bisect", "why": ["w"]}),
        json!({"note": "refused", "what": "retry", "why": ["w", "x"]}),
        json!({"note": "refused", "what": "repro", "why": ["w"]}),
        json!({"note": "refused", "what": "issue", "why": ["w"]}),
        json!({"note": "refused", "what": "this", "why": ["w"]}),
        json!({"note": "rejected", "proposal": "1-1", "by": "ada", "reason": null}),
        json!({"note": "rejected", "proposal": "1-1", "by": "ada", "reason": null, "undo": true}),
        json!({"note": "cancelled", "proposal": "1-1", "by": "ada", "undo": true}),
        json!({"note": "expired", "proposal": "1-1", "undo": true}),
        json!({"note": "cancelled", "proposal": "1-1", "by": "ada"}),
        json!({"note": "expired", "proposal": "1-1"}),
        json!({"note": "auto_skipped", "why": ["w"]}),
        json!({"note": "auto_scheduled", "at": 0, "because": []}),
        json!({"note": "attempt_failed", "attempt": 2}),
        json!({"note": "run_started", "attempt": 2}),
        json!({"note": "resolved", "because": "CI passed"}),
        json!({"note": "pull_ended", "number": 9, "merged": true}),
        json!({"note": "escalated", "because": "nobody knows the cause after 24h", "owners": ["@acme/qa"]}),
        json!({"note": "escalated", "workflow": "ci", "after": "4h", "owners": []}),
        json!({"note": "issue_declined", "number": 12, "by": "ada"}),
        json!({"note": "dequeued", "number": null}),
        json!({"note": "dequeued", "number": 104, "reason": "its checks failed"}),
        json!({"note": "queued_again", "number": 104}),
        json!({"note": "thrown_out", "incident": 1, "repo": "acme/shop", "number": 104, "onto": "main",
            "because": "its checks failed"}),
        json!({"note": "red_night", "sha": "1a2b3c4d", "words": "3 nights"}),
        json!({"note": "missed", "words": "nightly.yml did not run at 03:00 UTC on 2026-01-02", "advice": "run it by hand"}),
        json!({"note": "reviewed", "proposal": "1-1", "number": 9, "by": "ada"}),
        json!({"note": "reopened", "because": "it failed again"}),
        json!({"note": "hold_set", "by": "ada", "reason": null}),
        json!({"note": "hold_lifted", "by": "ada"}),
        json!({"note": "hold_already", "by": "ada", "since": 0}),
        json!({"note": "no_hold"}),
        json!({"note": "subscribed", "feed": "acme/shop"}),
        json!({"note": "unsubscribed", "count": 1}),
        json!({"note": "unsubscribed", "count": 2, "from": "slack:C0BUILDS"}),
        json!({"note": "unsubscribed", "count": 0}),
        json!({"note": "link_code", "code": "WDJB-MJHT", "url": "https://github.com/login/device", "minutes": 15}),
        json!({"note": "console_code", "code": "K7QM-2X9D-P4TV", "minutes": 10}),
        json!({"note": "linked", "by": "ada", "account": "ada (slack:U1)", "login": "octocat"}),
        json!({"note": "unlinked", "by": "ada", "logins": ["octocat"]}),
        json!({"note": "link_ended", "account": "slack:U1", "login": "octocat"}),
        json!({"note": "shared", "by": "ada", "until": 0}),
        json!({"note": "unshared", "by": "ada"}),
        json!({"note": "share_link", "incident": 1, "url": "https://rescue.example.org/shared/1.0.9.x", "until": 0}),
        json!({"note": "muted", "until": 0}),
        json!({"note": "muted", "until": null}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "subscribed", "feed": "acme/shop"}}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "unsubscribed", "count": 2}}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "muted", "until": 0}}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "muted", "until": null}}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "digests", "all": ["daily at 09:00, UTC"]}}),
        json!({"note": "channel_set", "channel": "slack:C0BUILDS", "change": {"kind": "digests", "all": []}}),
        json!({"note": "feeds", "rows": [{"words": "acme/shop", "fixed": true}]}),
        json!({"note": "feeds", "rows": []}),
        json!({"note": "digests", "changed": false, "rows": [{"words": "daily at 09:00, Europe/Berlin", "fixed": true}]}),
        json!({"note": "digests", "changed": false, "rows": []}),
        json!({"note": "digests", "changed": true, "rows": []}),
        json!({"note": "notified", "road": "thread", "direct": false, "quiet": "22:00-07:00, Europe/Berlin"}),
        json!({"note": "notified", "road": "dm", "direct": false, "quiet": null}),
        json!({"note": "notified", "road": "off", "direct": false, "quiet": null}),
        json!({"note": "notified", "road": "default", "direct": true, "quiet": null}),
        json!({"note": "notified", "road": "default", "direct": false, "quiet": null}),
        json!({"note": "yours", "incident": 1, "repo": "acme/shop", "workflow": "ci", "branch": "main", "whose": "owner", "escalated": null}),
        json!({"note": "yours", "incident": 1, "repo": "acme/shop", "workflow": "ci", "branch": "main", "whose": "suspect", "escalated": "nobody knows the cause after 24h"}),
        json!({"note": "list", "rows": [row], "more": 3, "what": "open incidents"}),
        json!({"note": "list", "rows": [], "more": 0, "what": "open incidents"}),
        json!({"note": "quarantined", "rows": [quarantined], "more": 1, "what": null}),
        json!({"note": "quarantined", "rows": [], "more": 0, "what": "acme/shop"}),
        json!({"note": "shown", "row": row, "lines": ["l"], "state": ""}),
        json!({"note": "why", "lines": ["l"]}),
        json!({"note": "doctor", "lines": ["l"]}),
        json!({"note": "stats", "lines": ["l"]}),
        json!({"note": "acknowledged", "by": "ada", "from": null}),
        json!({"note": "acknowledged", "by": "ada", "from": "ben"}),
        json!({"note": "assigned", "by": "ada", "to": "ben"}),
        json!({"note": "snoozed", "by": "ada", "until": 0}),
        json!({"note": "woken", "because": "its time is over"}),
        json!({"note": "resolved_by", "by": "ada", "reason": null}),
        json!({"note": "resolved_by", "by": "ada", "reason": "the branch is gone"}),
        json!({"note": "corrected", "by": "ada", "from": "flaky test", "to": "outage"}),
        json!({"note": "help", "text": "t"}),
        json!({"note": "mistake", "what": "Unknown command \"foo\"", "nearest": null, "example": null}),
        json!({"note": "mistake", "what": "Unknown command \"rety\"", "nearest": "retry [ID]", "example": "retry 42"}),
        json!({"note": "denied", "what": "approve", "need": "approver", "have": "viewer"}),
        json!({"note": "not_for_you"}),
        json!({"note": "mentioned", "owners": ["@acme/web"], "whose": "owner", "places": []}),
        json!({"note": "mentioned", "owners": ["ada"], "whose": "author", "places": []}),
        json!({"note": "mentioned", "owners": ["@ben"], "whose": "pull", "places": []}),
        json!({"note": "blamed", "incident": 1, "repo": "acme/shop", "sha": "1a2b3c4d", "subject": "Count", "workflow": "ci", "branch": "main"}),
        json!({"note": "assigned_to_you", "incident": 1, "by": "ben"}),
        json!({"note": "trouble", "platform": "slack", "channel": "C0BUILDS", "why": "Slack says is_archived"}),
        json!({"note": "trouble", "platform": "Slack", "channel": "C0BUILDS", "name": "#builds", "why": "Slack says is_archived",
            "advice": "Unarchive it", "leave": "slack:C0BUILDS", "held": 2}),
        json!({"note": "trouble", "platform": "Slack", "channel": "", "why": "Slack says token_revoked",
            "advice": "Install the app again", "held": 1}),
        json!({"note": "restored", "platform": "Slack", "channel": "C0BUILDS", "name": "#builds", "held": 3}),
        json!({"note": "restored", "platform": "Discord", "channel": "", "held": 0}),
        json!({"note": "branch_gone", "branch": "topic"}),
        json!({"note": "queue_ended", "end": "merged"}),
        json!({"note": "queue_ended", "end": "rebuilt"}),
        json!({"note": "queue_ended", "end": "again"}),
        json!({"note": "renamed", "from": "acme/shop", "to": "umbrella/store"}),
        json!({"note": "otherwise", "how": "all failed jobs are re-run"}),
    ]
}

#[test]
fn every_note_has_words_on_every_platform() {
    let words = Words::shipped(ci_rescue::card::Places::default()).unwrap();
    for note in notes() {
        let read: Note = serde_json::from_value(note.clone()).unwrap_or_else(|why| panic!("{note}: {why}"));
        for markup in MARKUPS {
            let text = words.note(markup, &read).unwrap_or_else(|why| panic!("{markup}: {note}: {why}"));
            assert!(!text.is_empty() && !text.contains(".."), "{markup}: {note}: {text}");
        }
    }
    // None is forgotten here: these are the kinds that the template knows, and a test of the grammar in its own right.
    let template = fs::read_to_string(root().join("templates/notes.jinja")).unwrap();
    let known: BTreeSet<&str> =
        Regex::new(r#"k == "(\w+)""#).unwrap().captures_iter(&template).map(|c| c.extract::<1>().1[0]).collect();
    let all = notes();
    let tried: BTreeSet<&str> = all.iter().filter_map(|note| note["note"].as_str()).collect();
    assert_eq!(known, tried);
}

#[test]
fn notes_say_who_did_what() {
    let words = Words::shipped(ci_rescue::card::Places::default()).unwrap();
    let said = |note: Value| words.note("plain", &serde_json::from_value(note).unwrap()).unwrap();
    for (note, text) in [
        (
            json!({"note": "undone", "proposal": "2-5", "why": "requested by ada", "by": "ada",
                "undid": ["PR closed", "branch deleted"]}),
            "ada undid 2-5: PR closed, branch deleted.",
        ),
        (
            json!({"note": "undone", "proposal": "2-5", "why": "the push was rejected", "undid": ["branch deleted"]}),
            "Rolled back 2-5: the push was rejected; branch deleted.",
        ),
        (
            json!({"note": "mistake", "what": "Unknown command \"foo\"", "nearest": null, "example": null}),
            "Unknown command \"foo\". Try \"help\".",
        ),
        (
            json!({"note": "denied", "what": "approve", "need": "approver", "have": "viewer"}),
            "Approve needs the approver role; yours is viewer. Ask an admin to change your role under people in the \
             configuration.",
        ),
        (json!({"note": "joined", "job": "lint", "count": 1}), "lint failed too: 1 failure so far."),
        (json!({"note": "unsubscribed", "count": 1}), "Removed 1 subscription from this channel."),
        (json!({"note": "refused", "what": "repro", "why": ["w"]}), "Cannot write a script: w."),
    ] {
        assert_eq!(said(note), text);
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Phrases that no native speaker would write here.
const ODD: &[&str] = &[
    r"\bneighbours?\b",
    r"\bhears? of\b",
    r"\b(take|takes|taken|taking) (it |them |that )?back\b",
    r"\bmend(s|ed|ing)?\b",
    r"\bthe likeliest\b",
    r"\bwoe\b",
    r"\bany more\b",
    r"\bthings?\(s\)|\w\(s\) ",
    r"\blines speak\b",
    r"\bis refused the way\b",
    r"\bnobody is anybody's\b",
    r"\bby itself at\b",
    r"\b(is|are) no (name|number|commit|branch|fix|JSON|TOML|YAML|lock|list|package|git)\b",
    r"\bthere is no command\b",
    r"\bwhat was read\b",
    r"\bsay (which|for|pr=|unpin|unquarantine|undo)\b",
    r"\bto let go\b|\blet it go\b",
    r"\bgive it as\b",
    r"\bcould be meant\b",
];

/// Read by other tests, or spoken to programs.
const ELSEWHERE: &[&str] = &["src/cli", "src/adapters/discord/gateway.rs"];

/// String literals outside tests.
#[derive(Default)]
struct Literals(Vec<String>);

fn is_test(attrs: &[syn::Attribute]) -> bool {
    let test = |attr: &syn::Attribute| {
        attr.path().is_ident("test")
            || attr.path().is_ident("cfg") && attr.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    };
    attrs.iter().any(test)
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !is_test(&node.attrs) {
            syn::visit::visit_item_mod(self, node);
        }
    }

    fn visit_lit_str(&mut self, node: &'ast syn::LitStr) {
        self.0.push(node.value());
    }

    /// Literals in a macro's arguments.
    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let literal = Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
        let text = node.tokens.to_string();
        self.0.extend(literal.captures_iter(&text).map(|found| found.extract::<1>().1[0].to_owned()));
    }
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

#[test]
fn people_read_plain_english() {
    let odd: Vec<Regex> = ODD.iter().map(|pattern| Regex::new(&format!("(?i){pattern}")).unwrap()).collect();
    let documents = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
    let mut all: Vec<PathBuf> = documents.iter().map(|name| root().join(name)).collect();
    for dir in ["commands", "docs", "templates", "src"] {
        files(&root().join(dir), &mut all);
    }
    let mut found = Vec::new();
    for path in all {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        if shown.ends_with("tests.rs")
            || shown.contains("/tests/")
            || ELSEWHERE.iter().any(|dir| shown.starts_with(dir))
        {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let texts = if path.extension().is_some_and(|ext| ext == "rs") {
            let mut literals = Literals::default();
            literals.visit_file(&syn::parse_file(&text).unwrap());
            literals.0
        } else {
            text.lines().map(str::to_owned).collect()
        };
        for text in texts {
            found.extend(odd.iter().filter(|odd| odd.is_match(&text)).map(|odd| format!("{shown}: {odd}: {text}")));
        }
    }
    assert!(found.is_empty(), "{} odd phrases:\n{}", found.len(), found.join("\n"));
}
