//! `policy test`: what the policy of this configuration would decide of an incident now.

use super::incident::{ask, open};
use super::{ConfigArg, Failed, runtime, terminal};
use ci_rescue::app::SystemClock;
use ci_rescue::domain::IncidentNo;
use ci_rescue::domain::decision::Tested;
use ci_rescue::domain::text::clean_line;
use ci_rescue::engine::trying;
use ci_rescue::ports::Clock;
use clap::Subcommand;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What the policy of this configuration would decide of an incident now; nothing is done
    Test {
        /// The incident's number
        #[arg(long, value_name = "ID")]
        incident: String,
        /// The decisions with their trees as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub fn run(args: &Args) -> Result<(), Failed> {
    let What::Test { incident, json, config } = &args.what;
    let no: IncidentNo = incident.parse().map_err(|why| format!("{why}"))?;
    let config = config.load()?;
    let all = if let Some(store) = open(&config)? {
        let tested = trying::test(&*store, &config.policy, no, SystemClock.now());
        let tested = runtime()?.block_on(tested).map_err(|why| why.to_string())?;
        tested.ok_or_else(|| format!("there is no incident {no}; `ci-rescue incident list --all` shows all"))?
    } else {
        // The server knows the incident, and this configuration may be another than it runs with.
        let policy = serde_json::to_value(&config.policy).map_err(|why| why.to_string())?;
        let answer = ask(&config, &format!("/api/incidents/{}/policy", no.0), Some(&policy))?;
        serde_json::from_value(answer).map_err(|why| Failed::integration(format!("the running server: {why}")))?
    };
    if *json {
        println!("{}", serde_json::to_string_pretty(&all).map_err(|why| why.to_string())?);
    } else {
        print(&all);
    }
    Ok(())
}

/// A line that is too long goes on below its own words.
fn print(all: &[Tested]) {
    const LINE_MAX: usize = 400;
    for (n, tested) in all.iter().enumerate() {
        if n > 0 {
            println!();
        }
        for line in tested.lines(false) {
            let indent = line.len() - line.trim_start().len();
            let (first, next) = (" ".repeat(indent), " ".repeat(if indent == 0 { 0 } else { indent + 2 }));
            let options = textwrap::Options::new(terminal::width()).initial_indent(&first).subsequent_indent(&next);
            for line in textwrap::wrap(&clean_line(line.trim_start(), LINE_MAX), options) {
                println!("{line}");
            }
        }
    }
}
