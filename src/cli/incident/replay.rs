//! `incident replay`: what a webhook was told, and with `--send` once more. A running server does it.

use super::ask;
use crate::cli::{ConfigArg, Failed};
use ci_rescue::domain::IncidentNo;
use ci_rescue::domain::text::clean_line;
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct Args {
    /// The incident
    id: String,
    /// The webhook's name in the configuration
    #[arg(long, value_name = "NAME")]
    webhook: String,
    /// Only from this entry of the journal on
    #[arg(long, value_name = "SEQ", default_value = "1")]
    from: u64,
    /// Send them; else they are listed
    #[arg(long)]
    send: bool,
    #[command(flatten)]
    config: ConfigArg,
}

pub fn run(args: &Args) -> Result<(), Failed> {
    let config = args.config.load()?;
    let no: IncidentNo = args.id.parse().map_err(|why| format!("{why}"))?;
    if config.api.act_token.is_none() {
        return Err("set api.act_token: the running server is asked to send".into());
    }
    if !config.webhooks.iter().any(|one| one.name == args.webhook) {
        return Err(format!("no [[webhooks]] table is named \"{}\"", clean_line(&args.webhook, 80)).into());
    }
    let body = json!({"webhook": args.webhook, "from": args.from, "send": args.send});
    let answer = ask(&config, &format!("/api/incidents/{}/replay", no.0), Some(&body))?;
    let events = answer.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
    for event in &events {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let seq = event.get("seq").and_then(Value::as_u64).unwrap_or(0);
        println!("{seq} {} {}", clean_line(text("event"), 60), clean_line(text("delivery"), 60));
    }
    let many = match events.len() {
        0 => "nothing was sent there yet".to_owned(),
        1 => "1 event".to_owned(),
        many => format!("{many} events"),
    };
    let sent = answer.get("sent").and_then(Value::as_bool).unwrap_or(false);
    println!("{many}{}", if sent { " will be sent again, in order" } else { "; nothing is sent without --send" });
    Ok(())
}
