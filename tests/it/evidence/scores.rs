//! How well the engine does on real logs, where they are at hand. The thresholds are below what was reached, so that a
//! rule that spoils others is noticed.

use super::{Row, logs, read_in, rows, text};
use ci_rescue::domain::evidence::Evidence;

pub fn squash(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn same_line(truth: &str, said: &str) -> bool {
    let (truth, said) = (squash(truth), squash(said));
    said.contains(&truth) || (said.chars().count() >= 15 && truth.contains(&said))
}

pub fn hit(row: &Row, evidence: &Evidence, within: usize) -> bool {
    row.error_lines
        .iter()
        .any(|truth| evidence.errors.iter().take(within).any(|said| same_line(truth, said.text.raw())))
}

#[test]
fn real_logs_are_read_well() {
    let Some(dir) = logs() else { return };
    let (mut n, mut lines, mut first, mut ten, mut right, mut exits, mut exit) = (0, 0, 0, 0, 0, 0, 0);
    for row in rows(&dir) {
        let log = text(&dir, &row.file);
        if log.len() > 3 << 20 {
            continue;
        }
        let reading = read_in(&log, 64 << 10);
        let evidence = &reading.evidence;
        assert!(evidence.errors.len() <= 10 && reading.excerpt.lines().count() <= 200, "{}", row.file);
        assert!(evidence.errors.iter().all(|error| error.text.raw().chars().count() <= 500), "{}", row.file);
        n += 1;
        if !row.error_lines.is_empty() {
            lines += 1;
            first += usize::from(hit(&row, evidence, 1));
            ten += usize::from(hit(&row, evidence, 10));
        }
        let said = evidence.category.as_str();
        right += usize::from(said == row.category || row.category_alt.iter().any(|alt| alt == said));
        if row.exit_code.is_some() {
            exits += 1;
            exit += usize::from(evidence.exit_code == row.exit_code);
        }
    }
    println!("hit@1 {first}/{lines}, hit@10 {ten}/{lines}, category {right}/{n}, exit code {exit}/{exits}");
    assert!(first * 100 >= lines * 76, "hit@1 {first}/{lines}");
    assert!(ten * 100 >= lines * 94, "hit@10 {ten}/{lines}");
    assert!(right * 100 >= n * 90, "category {right}/{n}");
    assert!(exit * 100 >= exits * 97, "exit code {exit}/{exits}");
}

#[test]
fn a_passing_log_helps_or_does_no_harm() {
    use ci_rescue::evidence::Analyzer;
    let Some(dir) = logs() else { return };
    let (mut plain, mut helped, mut all) = (0, 0, 0);
    for row in rows(&dir).iter().filter(|row| !row.error_lines.is_empty()) {
        let Some(green) = &row.pass_log else { continue };
        let mut baseline = Analyzer::of_baseline();
        baseline.feed(&text(&dir, green));
        let red = text(&dir, &row.file);
        let mut analyzer = Analyzer::default().with_baseline(baseline.into_baseline());
        analyzer.feed(&red);
        let with = analyzer.finish().evidence;
        all += 1;
        plain += usize::from(hit(row, &read_in(&red, 64 << 10).evidence, 1));
        helped += usize::from(hit(row, &with, 1));
    }
    println!("hit@1 with a passing log {helped}/{all}, without {plain}/{all}");
    assert!(helped + 2 >= plain, "{helped} with, {plain} without, of {all}");
}
