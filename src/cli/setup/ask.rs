//! The questions, on a terminal. What is configured already is kept unless somebody wants it changed.

use super::answers::{Admin, Answers, Console, Discord, Secret, Slack};
use super::lines::{Asked, ask_hidden, choice, line, needed, optional, refuse, yes};
use ci_rescue::adapters::{discord, github, slack};
use ci_rescue::config::Config;
use ci_rescue::domain::pointer::Sites;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How often a refused answer may be given anew.
const TRIES: usize = 5;

/// Looks at one integration with the answers so far; what is wrong, if anything.
pub type Look<'a> = dyn Fn(&Answers, &str) -> Vec<String> + 'a;

pub struct Interview<'a> {
    have: &'a Config,
    look: &'a Look<'a>,
}

fn secret(question: &str) -> Asked<Secret> {
    let prompt = format!("{question} (not shown):");
    loop {
        let text = ask_hidden(&prompt)?;
        if !text.is_empty() {
            return Ok(Secret::Given(text.into()));
        }
        refuse("this is needed");
    }
}

/// Whether a part is to be asked about: it is not there, or somebody wants it otherwise.
fn wants(name: &str, there: Option<String>, default: bool) -> Asked<bool> {
    println!();
    let Some(what) = there else { return yes(&format!("Set up {name}?"), default) };
    println!("{name}: {what}");
    yes(&format!("Change {name}?"), false)
}

impl<'a> Interview<'a> {
    pub fn new(have: &'a Config, look: &'a Look<'a>) -> Self {
        Self { have, look }
    }

    /// Asks everything.
    ///
    /// # Errors
    /// The terminal is gone, or an answer was refused too often.
    pub fn hold(&self) -> Asked<Answers> {
        let mut answers = Answers::default();
        self.github(&mut answers)?;
        self.slack(&mut answers)?;
        self.discord(&mut answers)?;
        self.console(&mut answers)?;
        self.admin(&mut answers)?;
        Ok(answers)
    }

    /// Asks until the integration takes it.
    fn until(&self, answers: &mut Answers, about: &str, ask: impl Fn(&mut Answers) -> Asked<()>) -> Asked<()> {
        for _ in 0..TRIES {
            ask(answers)?;
            let wrong = (self.look)(answers, about);
            if wrong.is_empty() {
                return Ok(());
            }
            for why in wrong {
                println!("{}", textwrap::fill(&format!("  {why}"), 80));
            }
            if !yes("Try again?", true)? {
                return Err("nothing was changed".into());
            }
        }
        Err("nothing was changed: too many answers were refused".into())
    }

    fn github(&self, answers: &mut Answers) -> Asked<()> {
        let have = &self.have.github;
        let there = match (have.app_id, &have.token) {
            (Some(id), _) => Some(format!("App {id}")),
            (None, Some(_)) => Some("a personal access token".into()),
            _ => None,
        };
        if wants("GitHub", there.clone(), true)? {
            self.credentials(answers)?;
        } else if there.is_none() {
            return Ok(());
        }
        if have.repositories.is_empty() {
            let list = needed("Repositories, such as acme/shop, acme/web-*", repositories)?;
            answers.github.repositories = split(&list);
        } else {
            answers.github.repositories = have.repositories.clone();
        }
        Ok(())
    }

    fn credentials(&self, answers: &mut Answers) -> Asked<()> {
        let have = &self.have.github;
        if have.api_url == ci_rescue::config::GitHub::default().api_url {
            let web = line("Where do you sign in to GitHub?", "https://github.com", |text| {
                github::api_url(text).map(|_| ())
            })?;
            let api = github::api_url(&web)?;
            answers.github.api_url = Some(api).filter(|api| *api != have.api_url);
        }
        let ways = ["Create a GitHub App in the browser", "Use an App that exists", "Use a personal access token"];
        match choice("How?", &ways)? {
            0 => {
                println!(
                    "\nGitHub sends webhooks to a public address with TLS. Without one, new runs are\n\
                     asked for every minute; commands in comments, and what else only webhooks\n\
                     tell, stay unheard. Example: https://ci.example.org"
                );
                answers.github.url =
                    optional("Public address of this bot, such as https://ci.example.org (empty: none)", |text| {
                        github::public_url(text).map(|_| ()).map_err(|why| why.replace("--url ", ""))
                    })?;
                answers.github.organization = optional("Organization (empty: your own account)", |text| {
                    github::is_account(text).then_some(()).ok_or_else(|| "this cannot be a name".into())
                })?;
                answers.github.create = true;
                Ok(())
            }
            1 => self.until(answers, "github", |answers| {
                let id = needed("App ID", |text| text.parse::<u64>().map(|_| ()).map_err(|_| "a number".into()))?;
                answers.github.app_id = id.parse().ok();
                let path =
                    needed("File of its private key (PEM)", |text| Secret::File(text.into()).read("this").map(|_| ()))?;
                answers.github.private_key = Some(Secret::File(path.into()));
                Ok(())
            }),
            _ => self.until(answers, "github", |answers| {
                answers.github.token = Some(secret("Token")?);
                Ok(())
            }),
        }
    }

    fn slack(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.slack.bot_token.is_some().then(|| fed(self.have, slack::PLATFORM));
        if !wants("Slack", there, true)? {
            return Ok(());
        }
        let api = answers.github.api_url.as_ref().unwrap_or(&self.have.github.api_url);
        let sites = Sites::new(Some(&github::web_url(api)), self.have.console.url.as_deref());
        let manifest = slack::manifest(None, &sites.domains());
        println!("\n{}\n", serde_json::to_string_pretty(&manifest).unwrap_or_default());
        let encoded = utf8_percent_encode(&manifest.to_string(), NON_ALPHANUMERIC).to_string();
        println!("1. Create the app from this manifest. This link has it filled in:\n");
        println!("https://api.slack.com/apps?new_app=1&manifest_json={encoded}\n");
        println!("2. \"Install to Workspace\", then copy the \"Bot User OAuth Token\" (xoxb-…).");
        println!("3. \"Basic Information\", \"App-Level Tokens\": one with connections:write (xapp-…).\n");
        self.until(answers, slack::PLATFORM, |answers| {
            let part = answers.slack.get_or_insert_with(Slack::default);
            part.bot_token = Some(secret("Bot token, xoxb-…")?);
            part.app_token = Some(secret("App-level token, xapp-…")?);
            Ok(())
        })?;
        println!("In Slack, open the channel, click its name, and copy the ID below \"About\".");
        let id = needed("Channel ID, such as C0123456789", channel(slack::PLATFORM))?;
        answers.slack.get_or_insert_with(Slack::default).channel = Some(id);
        Ok(())
    }

    fn discord(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.discord.bot_token.is_some().then(|| fed(self.have, discord::PLATFORM));
        if !wants("Discord", there, false)? {
            return Ok(());
        }
        println!("\nCreate an application at https://discord.com/developers/applications.");
        let id = needed("Application ID, from \"General Information\"", digits)?;
        println!("\nInvite the bot to your server:\n\n  {}\n", discord::invitation(&id));
        println!("It asks for: {}.\n", discord::permissions().join(", "));
        println!("Turn on Developer Mode (User Settings, Advanced) to copy IDs.");
        self.until(answers, discord::PLATFORM, |answers| {
            let part = answers.discord.get_or_insert_with(Discord::default);
            part.application_id = Some(id.clone());
            part.bot_token = Some(secret("Token, from the page \"Bot\"")?);
            part.guild_id = optional("Server ID (right-click the server)", digits)?;
            part.channel = Some(needed("Channel ID (right-click the channel)", digits)?);
            Ok(())
        })
    }

    fn console(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.console.token.is_some();
        if !there && yes("Turn on the web console, on this machine only?", true)? {
            answers.console = Some(Console::default());
        }
        Ok(())
    }

    fn admin(&self, answers: &mut Answers) -> Asked<()> {
        if !self.have.people.is_empty() {
            return Ok(());
        }
        println!("\nWho may approve changes? The first admin:");
        let github = needed("GitHub login", |text| {
            github::is_account(text).then_some(()).ok_or_else(|| "this cannot be a login".into())
        })?;
        let mut admin = Admin { github: Some(github), ..Admin::default() };
        if answers.slack.is_some() || self.have.slack.bot_token.is_some() {
            admin.slack = optional("Slack member ID (profile, \"⋮\", \"Copy member ID\")", member)?;
        }
        if answers.discord.is_some() || self.have.discord.bot_token.is_some() {
            admin.discord = optional("Discord user ID", digits)?;
        }
        answers.admin = Some(admin);
        Ok(())
    }
}

/// Where a platform's cards go.
fn fed(have: &Config, platform: &str) -> String {
    let channels: Vec<&str> =
        have.subscriptions.iter().filter(|feed| feed.platform == platform).map(|feed| feed.channel.as_str()).collect();
    if channels.is_empty() { "a token, and no channel".into() } else { format!("cards go to {}", channels.join(", ")) }
}

fn split(list: &str) -> Vec<String> {
    list.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn repositories(list: &str) -> Result<(), String> {
    let bad = split(list).into_iter().find(|repo| crate::cli::doctor::settings::ownerless(repo).is_some());
    bad.map_or(Ok(()), |repo| Err(format!("{repo} has no owner; write OWNER/NAME")))
}

fn digits(text: &str) -> Result<(), String> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(()).ok_or_else(|| "an ID has digits only".into())
}

fn member(text: &str) -> Result<(), String> {
    let good = crate::cli::doctor::settings::is_member(text);
    good.then_some(()).ok_or_else(|| "a member ID looks like U0123456789".into())
}

fn channel(platform: &'static str) -> impl Fn(&str) -> Result<(), String> {
    move |text| super::channel(platform, text)
}
