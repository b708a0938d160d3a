//! The demo's printed steps, followed in a real browser from the first to the last.

use crate::browser_forms::Visitor;
use fantoccini::Locator;
use regex::Regex;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Longer than the demo takes between two failures.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

/// How often to look for what follows by itself.
const LOOKS: usize = 2_000;

async fn waits_for(visitor: &Visitor, css: &str) {
    let found = visitor.browser.page.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
    if let Err(why) = found {
        panic!("{css}: {why}\n{}", visitor.browser.page.source().await.unwrap_or_default());
    }
}

/// Waits until what is seen there matches a pattern.
async fn matches(visitor: &Visitor, css: &str, pattern: &str) {
    let pattern = Regex::new(&format!("(?i){pattern}")).unwrap();
    for _ in 0..LOOKS {
        if let Ok(found) = visitor.browser.page.find(Locator::Css(css)).await
            && pattern.is_match(&found.text().await.unwrap_or_default())
        {
            return;
        }
    }
    panic!("{pattern} in {css}\n{}", visitor.browser.page.source().await.unwrap_or_default());
}

async fn says(visitor: &Visitor, words: &str) {
    visitor.fill("#text", words).await;
    visitor.click(".command button").await;
}

/// What stands in backticks in a printed step.
fn commands(step: &str) -> Vec<String> {
    Regex::new("`([^`]+)`").unwrap().captures_iter(step).map(|found| found[1].to_owned()).collect()
}

/// Press Retry on a network failure.
async fn retry(visitor: &Visitor, step: &str) {
    let no = &Regex::new(r"Press Retry on #(\d+)").unwrap().captures(step).expect("the first step")[1];
    visitor.click(&format!("#incident-{no} button[data-verb=retry]")).await;
    waits_for(visitor, &format!("#incident-{no}[data-stage=resolved]")).await;
}

/// Ben asks, Ada approves; three more proposals wait side by side.
async fn repair(visitor: &Visitor, step: &str) {
    let all = commands(step);
    let no = &Regex::new(r"#(\d+) suspects PR 9").unwrap().captures(step).expect("the second step")[1];
    for words in &all[..2] {
        visitor.switch("ben").await;
        says(visitor, words).await;
        waits_for(visitor, &format!("#incident-{no} button[data-verb=approve]")).await;
        visitor.switch("ada").await;
        visitor.click(&format!("#incident-{no} button[data-verb=approve]")).await;
        waits_for(visitor, &format!("#incident-{no} button[data-verb=undo]")).await;
        visitor.goto(&format!("/incidents/{no}")).await;
        visitor.sees(".patches, main", "diff --git").await;
        visitor.goto("/").await;
    }
    visitor.switch("ben").await;
    for words in &all[2..] {
        says(visitor, words).await;
    }
    visitor.goto(&format!("/incidents/{no}")).await;
    for summary in ["#9 to release-1", "flask to 2.3.2", "cache"] {
        let waits = format!("needs 1 approval by [^:]+:[^:]+:[^:]+: [^.]*{summary}");
        matches(visitor, ".journal", &waits).await;
    }
    visitor.goto("/").await;
}

/// A retry is refused with its reason; an agent's second change passes, and becomes a pull request.
async fn refuse(visitor: &Visitor, step: &str) {
    let all = commands(step);
    visitor.switch("ben").await;
    says(visitor, &all[0]).await;
    visitor.sees("#answers", "recur on the same commit").await;
    says(visitor, &all[1]).await;
    let no = all[1].split(' ').nth(1).unwrap();
    waits_for(visitor, &format!("#incident-{no} button[data-verb=approve]")).await;
    visitor.switch("ada").await;
    visitor.click(&format!("#incident-{no} button[data-verb=approve]")).await;
    visitor.goto(&format!("/incidents/{no}")).await;
    for words in ["attempt 1: the agent changed", "attempt 2: the agent changed", "after 2 attempts at"] {
        matches(visitor, ".journal", words).await;
    }
    visitor.goto(&format!("/incidents/{no}")).await;
    visitor.sees(".patches, main", "diff --git").await;
    visitor.goto("/").await;
}

/// The emergency stop, pulled by one and lifted by another.
async fn stop(visitor: &Visitor, step: &str) {
    let all = commands(step);
    visitor.switch("ben").await;
    says(visitor, &all[0]).await;
    visitor.sees("#hold", "mergency").await;
    visitor.switch("ada").await;
    says(visitor, &all[1]).await;
    waits_for(visitor, "#hold:empty, #hold:not(:has(*))").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_printed_step_does_what_it_says() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    program.args(["demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut program = program.spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let (mut visitor, mut done) = (None, 0);
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, at)) = line.split_once("Open  http://") {
            let Some(opened) = Visitor::new(at.trim_end_matches('/').parse().unwrap(), true).await else { return };
            opened.goto("/").await;
            visitor = Some(opened);
        }
        let Some((number, step)) = line.trim().split_once(". ") else { continue };
        let (Ok(number), Some(visitor)) = (number.parse::<u32>(), &visitor) else { continue };
        println!("{line}");
        match number {
            1 => retry(visitor, step).await,
            2 => repair(visitor, step).await,
            3 => refuse(visitor, step).await,
            4 => stop(visitor, step).await,
            _ => panic!("a step that nobody tries: {line}"),
        }
        done += 1;
        if done == 4 {
            break;
        }
    }
    assert_eq!(done, 4, "the demo ended early");
    visitor.unwrap().browser.close().await;
    program.kill().await.unwrap();
}
