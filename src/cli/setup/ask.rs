//! The questions, on a terminal. What is configured already is kept unless somebody wants it changed.

use super::answers::{Admin, Answers, Console, Discord, Secret, Slack};
use super::cancel;
use ci_rescue::adapters::{discord, github, slack};
use ci_rescue::config::Config;
use ci_rescue::domain::pointer::Sites;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::io::ErrorKind;

/// How often a refused answer may be given anew.
const TRIES: usize = 5;

/// Looks at one integration with the answers so far; what is wrong, if anything.
pub type Look<'a> = dyn Fn(&Answers, &str) -> Vec<String> + 'a;

pub struct Interview<'a> {
    have: &'a Config,
    look: &'a Look<'a>,
    theme: Box<dyn Theme>,
}

type Asked<T> = Result<T, String>;

/// An interrupted prompt is the end; whoever watches for Ctrl-C says so.
fn given<T>(answer: dialoguer::Result<T>) -> Asked<T> {
    answer.map_err(|dialoguer::Error::IO(why)| match why.kind() {
        ErrorKind::Interrupted => cancel::wait(),
        _ => format!("the terminal cannot be read: {why}. Pass --answers FILE instead"),
    })
}

impl<'a> Interview<'a> {
    pub fn new(have: &'a Config, look: &'a Look<'a>) -> Self {
        let colours = crate::cli::terminal::has_colour(&std::io::stderr());
        let theme: Box<dyn Theme> = if colours { Box::<ColorfulTheme>::default() } else { Box::new(SimpleTheme) };
        Self { have, look, theme }
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

    fn theme(&self) -> &dyn Theme {
        &*self.theme
    }

    pub fn yes(&self, question: &str, default: bool) -> Asked<bool> {
        given(Confirm::with_theme(self.theme()).with_prompt(question).default(default).interact())
    }

    /// A line, which may stay empty.
    fn line(&self, question: &str, default: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<String> {
        let input = Input::<String>::with_theme(self.theme()).with_prompt(question).allow_empty(true);
        let input = if default.is_empty() { input } else { input.default(default.to_owned()) };
        let checked = input.validate_with(|text: &String| check(text.trim()));
        given(checked.interact_text()).map(|text| text.trim().to_owned())
    }

    fn needed(&self, question: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<String> {
        self.line(question, "", |text| if text.is_empty() { Err("this is needed".into()) } else { check(text) })
    }

    /// A line that may stay empty: then there is none.
    fn optional(&self, question: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<Option<String>> {
        let text = self.line(question, "", |text| if text.is_empty() { Ok(()) } else { check(text) })?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn secret(&self, question: &str) -> Asked<Secret> {
        let asked = Password::with_theme(self.theme()).with_prompt(format!("{question} (not shown)"));
        given(asked.interact()).map(|text| Secret::Given(text.trim().to_owned().into()))
    }

    /// Whether a part is to be asked about: it is not there, or somebody wants it otherwise.
    fn wants(&self, name: &str, there: Option<String>, default: bool) -> Asked<bool> {
        println!();
        let Some(what) = there else { return self.yes(&format!("Set up {name}?"), default) };
        println!("{name}: {what}");
        self.yes(&format!("Change {name}?"), false)
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
            if !self.yes("Try again?", true)? {
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
        if self.wants("GitHub", there.clone(), true)? {
            self.credentials(answers)?;
        } else if there.is_none() {
            return Ok(());
        }
        if have.repositories.is_empty() {
            let list = self.needed("Repositories, such as acme/shop, acme/web-*", repositories)?;
            answers.github.repositories = split(&list);
        } else {
            answers.github.repositories = have.repositories.clone();
        }
        Ok(())
    }

    fn credentials(&self, answers: &mut Answers) -> Asked<()> {
        let have = &self.have.github;
        if have.api_url == ci_rescue::config::GitHub::default().api_url {
            let web = self.line("Where do you sign in to GitHub?", "https://github.com", |text| {
                github::api_url(text).map(|_| ())
            })?;
            let api = github::api_url(&web)?;
            answers.github.api_url = Some(api).filter(|api| *api != have.api_url);
        }
        let ways = ["Create a GitHub App in the browser", "Use an App that exists", "Use a personal access token"];
        let way = Select::with_theme(self.theme()).with_prompt("How?").items(ways).default(0);
        match given(way.interact())? {
            0 => {
                println!(
                    "\nGitHub sends webhooks to a public address with TLS. Without one, new runs are\n\
                     asked for every minute; commands in comments, and what else only webhooks\n\
                     tell, stay unheard. Example: https://ci.example.org"
                );
                answers.github.url = self
                    .optional("Public address of this bot, such as https://ci.example.org (empty: none)", |text| {
                        github::public_url(text).map(|_| ()).map_err(|why| why.replace("--url ", ""))
                    })?;
                answers.github.organization = self.optional("Organization (empty: your own account)", |text| {
                    github::is_account(text).then_some(()).ok_or_else(|| "this cannot be a name".into())
                })?;
                answers.github.create = true;
                Ok(())
            }
            1 => self.until(answers, "github", |answers| {
                let id =
                    self.needed("App ID", |text| text.parse::<u64>().map(|_| ()).map_err(|_| "a number".into()))?;
                answers.github.app_id = id.parse().ok();
                let path = self.needed("File of its private key (PEM)", |text| {
                    Secret::File(text.into()).read("this").map(|_| ())
                })?;
                answers.github.private_key = Some(Secret::File(path.into()));
                Ok(())
            }),
            _ => self.until(answers, "github", |answers| {
                answers.github.token = Some(self.secret("Token")?);
                Ok(())
            }),
        }
    }

    fn slack(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.slack.bot_token.is_some().then(|| fed(self.have, slack::PLATFORM));
        if !self.wants("Slack", there, true)? {
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
            part.bot_token = Some(self.secret("Bot token, xoxb-…")?);
            part.app_token = Some(self.secret("App-level token, xapp-…")?);
            Ok(())
        })?;
        println!("In Slack, open the channel, click its name, and copy the ID below \"About\".");
        let id = self.needed("Channel ID, such as C0123456789", channel(slack::PLATFORM))?;
        answers.slack.get_or_insert_with(Slack::default).channel = Some(id);
        Ok(())
    }

    fn discord(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.discord.bot_token.is_some().then(|| fed(self.have, discord::PLATFORM));
        if !self.wants("Discord", there, false)? {
            return Ok(());
        }
        println!("\nCreate an application at https://discord.com/developers/applications.");
        let id = self.needed("Application ID, from \"General Information\"", digits)?;
        println!("\nInvite the bot to your server:\n\n  {}\n", discord::invitation(&id));
        println!("It asks for: {}.\n", discord::permissions().join(", "));
        println!("Turn on Developer Mode (User Settings, Advanced) to copy IDs.");
        self.until(answers, discord::PLATFORM, |answers| {
            let part = answers.discord.get_or_insert_with(Discord::default);
            part.application_id = Some(id.clone());
            part.bot_token = Some(self.secret("Token, from the page \"Bot\"")?);
            part.guild_id = self.optional("Server ID (right-click the server)", digits)?;
            part.channel = Some(self.needed("Channel ID (right-click the channel)", digits)?);
            Ok(())
        })
    }

    fn console(&self, answers: &mut Answers) -> Asked<()> {
        let there = self.have.console.token.is_some();
        if !there && self.yes("Turn on the web console, on this machine only?", true)? {
            answers.console = Some(Console::default());
        }
        Ok(())
    }

    fn admin(&self, answers: &mut Answers) -> Asked<()> {
        if !self.have.people.is_empty() {
            return Ok(());
        }
        println!("\nWho may approve changes? The first admin:");
        let github = self.needed("GitHub login", |text| {
            github::is_account(text).then_some(()).ok_or_else(|| "this cannot be a login".into())
        })?;
        let mut admin = Admin { github: Some(github), ..Admin::default() };
        if answers.slack.is_some() || self.have.slack.bot_token.is_some() {
            admin.slack = self.optional("Slack member ID (profile, \"⋮\", \"Copy member ID\")", member)?;
        }
        if answers.discord.is_some() || self.have.discord.bot_token.is_some() {
            admin.discord = self.optional("Discord user ID", digits)?;
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
