//! `ci-rescue route`: who would look after a failure.

use super::Failed;
use ci_rescue::agents;
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead, Read};

#[derive(clap::Args)]
pub struct Args {
    /// Answer in JSON: {specialist, confidence, because}
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Asked {
    workflow: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    log: String,
    #[serde(default)]
    files: Vec<String>,
}

/// Longer lines are refused, in bytes.
const LINE_MAX: u64 = 64 << 20;

pub fn run(args: &Args) -> Result<(), Failed> {
    let mut input = std::io::stdin().lock();
    for number in 1.. {
        let mut line = String::new();
        let bad = |why: String| Failed::from(format!("line {number}: {why}"));
        let length = (&mut input).take(LINE_MAX).read_line(&mut line).map_err(|why| bad(why.to_string()))?;
        if length == 0 {
            return Ok(());
        }
        if length as u64 == LINE_MAX {
            return Err(bad(format!("is longer than {} MB", LINE_MAX >> 20)));
        }
        if line.trim().is_empty() {
            continue;
        }
        let asked: Asked = serde_json::from_str(&line)
            .map_err(|why| bad(format!("must be {{\"workflow\", \"path\"?, \"log\"?, \"files\"?}} ({why})")))?;
        let files = asked.files.iter().map(String::as_str).collect();
        let (path, log) = (asked.path.as_deref().unwrap_or_default(), asked.log.as_str());
        let routed = agents::route(&agents::Case { workflow: &asked.workflow, path, log, files });
        if args.json {
            let (specialist, confidence, because) = (routed.specialist, routed.confidence, routed.because);
            println!("{}", json!({"specialist": specialist, "confidence": confidence, "because": because}));
        } else {
            println!("{} ({:.0} %): {}", routed.specialist, routed.confidence * 100.0, routed.because);
        }
    }
    Ok(())
}
