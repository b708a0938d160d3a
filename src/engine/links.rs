//! Accounts that people link to their account at the forge: by a code that they enter there, or by one that the console
//! makes for whoever is signed in to it. What waits is kept, so that a restart ends nothing.

#![allow(clippy::disallowed_types, reason = "a code is a secret")]

use super::Engine;
use super::access::Asker;
use super::holders;
use super::turn::Working;
use crate::domain::actor::{Actor, Place, Principal};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::Digest;
use crate::domain::journal::Note;
use crate::domain::link::{Account, DeviceCode, Link, LinkBy, LinkVia, Linking, Pending, Polled};
use crate::domain::text::Untrusted;
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use crate::ports::{Accounts, PortError, StoreError, TimerRow, Turn};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Settings of links, by account.
pub(super) const LINKS: &str = "link:";
/// Sign-ins that are not over, by account.
const PENDING: &str = "linking:";
/// Codes of the console, by digest.
const CODES: &str = "linkcode:";
/// How long a code of the console counts.
const CODE_MS: i64 = 10 * MINUTE_MS;
/// Letters that nobody mistakes for others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 12;
/// What a forge may ask for, in seconds.
const INTERVAL_S: std::ops::RangeInclusive<i64> = 1..=300;
const LIVES_S: std::ops::RangeInclusive<i64> = 30..=3_600;

/// What a code of the console stands for.
#[derive(Serialize, Deserialize)]
struct Coded {
    login: String,
    until: Time,
}

impl Engine {
    /// Tells the directory every link that is stored.
    pub(super) async fn read_links(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut links = self.links().await?;
        links.retain(|link| holders::counts(link, now));
        self.directory.set_links(links);
        Ok(())
    }

    /// Commits a turn; the directory hears of links with it.
    pub(super) async fn commit_turn(&self, mut turn: Turn) -> Result<(), StoreError> {
        let links = turn.settings.iter().any(|(key, _)| key.starts_with(LINKS));
        let left = self.leave_trail(&mut turn).await?;
        self.store.commit(turn).await?;
        self.trail_left(left);
        if links { self.read_links().await } else { Ok(()) }
    }

    fn accounts(&self) -> Result<&dyn Accounts, PortError> {
        self.accounts.as_deref().ok_or_else(|| PortError::permanent(NOT_SET))
    }

    pub(super) async fn begin_link(&self, actor: &Actor, place: &Place) -> Result<Event, PortError> {
        let device = Ok(self.accounts()?.begin().await?);
        Ok(Event::Linking {
            linking: Linking::Begun { actor: Box::new(actor.clone()), place: Box::new(place.clone()), device },
        })
    }

    pub(super) async fn poll_link(&self, account: &Account, flow: &Digest, handle: &str) -> Result<Event, PortError> {
        let polled = self.accounts()?.poll(handle).await?;
        Ok(Event::Linking { linking: Linking::Polled { account: account.clone(), flow: flow.clone(), polled } })
    }
}

const NOT_SET: &str = "linking by GitHub is off: the operator has to set github.client_id";

pub(super) fn link_key(account: &Account) -> String {
    format!("{LINKS}{}", account.key())
}

fn pending_key(account: &Account) -> String {
    format!("{PENDING}{}", account.key())
}

fn timer_key(account: &Account) -> String {
    format!("linking:{}", account.key())
}

fn code_key(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{CODES}{}", Digest::of([plain.to_ascii_uppercase().as_bytes()]).as_str())
}

fn refused(what: &str, why: impl Into<String>) -> Note {
    Note::Refused { what: what.into(), why: vec![why.into()] }
}

/// `K7QM-2X9D-P4TV`: 60 random bits.
fn code() -> Option<String> {
    let mut random = [0; CODE_LETTERS];
    SystemRandom::new().fill(&mut random).ok()?;
    let letters: Vec<char> = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let parts: Vec<String> = letters.chunks(4).map(|part| part.iter().collect()).collect();
    Some(parts.join("-"))
}

impl Working<'_> {
    /// `None` while the forge is asked for a code.
    pub(super) async fn link(
        &mut self,
        by: &Principal,
        asker: &Asker,
        how: LinkBy,
    ) -> Result<Option<Note>, StoreError> {
        let account = Account::of(&asker.actor);
        match how {
            LinkBy::Console { code: None } if asker.reader.inside => self.make_code(by).await.map(Some),
            LinkBy::Console { code: None } => {
                let what = "Type `link console` at the console, and send the command that it shows here";
                Ok(Some(Note::Mistake { what: what.into(), nearest: None, example: None }))
            }
            LinkBy::Console { code: Some(_) } if asker.reader.inside => {
                Ok(Some(refused("link", "a code of the console is for Slack or Discord: send the command there")))
            }
            LinkBy::Console { code: Some(code) } => self.use_code(asker, account, &code).await.map(Some),
            LinkBy::Forge => self.begin(asker, &account).await,
        }
    }

    async fn begin(&mut self, asker: &Asker, account: &Account) -> Result<Option<Note>, StoreError> {
        if self.engine.accounts.is_none() {
            return Ok(Some(refused("link", NOT_SET)));
        }
        if let Err(why) = self.engine.directory.may_link(account, None) {
            return Ok(Some(refused("link", why)));
        }
        // Asked again, the same code: GitHub gives an App fifty an hour.
        if let Some(mut pending) = self.pending(account).await?.filter(|pending| pending.until > self.now) {
            pending.place = asker.place.clone();
            let note = told(&pending.device, pending.until, self.now);
            self.turn.settings.push((pending_key(account), Some(json!(pending))));
            return Ok(Some(note));
        }
        self.effect(Effect::BeginLink { actor: asker.actor.clone(), place: asker.place.clone() });
        Ok(None)
    }

    async fn pending(&self, account: &Account) -> Result<Option<Pending>, StoreError> {
        let stored = self.engine.store.setting(&pending_key(account)).await?;
        Ok(stored.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// A step of a sign-in at the forge.
    pub(super) async fn linking(&mut self, linking: Linking) -> Result<(), StoreError> {
        match linking {
            Linking::Begun { actor, place, device: Ok(device) } => {
                self.begun(*actor, *place, device);
                Ok(())
            }
            Linking::Begun { actor, place, device: Err(why) } => {
                self.answer(&place, &actor.id, refused("link", why));
                Ok(())
            }
            Linking::Due { account, flow } => self.due(&account, &flow).await,
            Linking::Polled { account, flow, polled } => self.polled(account, &flow, polled).await,
            Linking::Looked { account, login, id } => self.looked(account, &login, id).await,
        }
    }

    fn begun(&mut self, actor: Actor, place: Place, device: DeviceCode) {
        let account = Account::of(&actor);
        let interval_s = device.interval_s.clamp(*INTERVAL_S.start(), *INTERVAL_S.end());
        let until = self.now.plus_ms(device.lives_s.clamp(*LIVES_S.start(), *LIVES_S.end()) * SECOND_MS);
        let note = told(&device, until, self.now);
        self.answer(&place, &actor.id, note);
        let pending = Pending { actor, place, device, interval_s, until };
        self.wake(&account, &pending, self.now.plus_ms(interval_s * SECOND_MS));
        self.turn.settings.push((pending_key(&account), Some(json!(pending))));
    }

    fn wake(&mut self, account: &Account, pending: &Pending, at: Time) {
        let event = Event::Linking { linking: Linking::Due { account: account.clone(), flow: pending.flow() } };
        self.turn.timers.push(TimerRow { key: timer_key(account), at: at.min(pending.until), event });
    }

    async fn due(&mut self, account: &Account, flow: &Digest) -> Result<(), StoreError> {
        let Some(pending) = self.pending(account).await?.filter(|pending| pending.flow() == *flow) else {
            return Ok(());
        };
        if self.now >= pending.until {
            self.ended(account, &pending, "the code was not entered in time; ask for another: link github");
            return Ok(());
        }
        // If we die while we ask, this ends it.
        self.wake(account, &pending, pending.until);
        let handle = pending.device.handle;
        self.effect(Effect::PollLink { account: account.clone(), flow: flow.clone(), handle });
        Ok(())
    }

    async fn polled(&mut self, account: Account, flow: &Digest, polled: Polled) -> Result<(), StoreError> {
        let Some(mut pending) = self.pending(&account).await?.filter(|pending| pending.flow() == *flow) else {
            return Ok(());
        };
        match polled {
            Polled::Pending => {
                let at = self.now.plus_ms(pending.interval_s * SECOND_MS);
                self.wake(&account, &pending, at);
            }
            Polled::SlowDown { interval_s } => {
                let slower = interval_s.max(pending.interval_s + 1);
                pending.interval_s = slower.clamp(*INTERVAL_S.start(), *INTERVAL_S.end());
                let at = self.now.plus_ms(pending.interval_s * SECOND_MS);
                self.wake(&account, &pending, at);
                self.turn.settings.push((pending_key(&account), Some(json!(pending))));
            }
            Polled::Ended { why } => self.ended(&account, &pending, &why),
            Polled::Is { login, id } => {
                self.forget(&account);
                let note = self.linked(&pending.actor, &pending.place, account, (login, id, LinkVia::Device)).await?;
                self.answer(&pending.place, &pending.actor.id, note);
            }
        }
        Ok(())
    }

    fn forget(&mut self, account: &Account) {
        self.turn.settings.push((pending_key(account), None));
        self.turn.cancel_timers.push(timer_key(account));
    }

    fn ended(&mut self, account: &Account, pending: &Pending, why: &str) {
        self.forget(account);
        self.answer(&pending.place, &pending.actor.id, refused("link", why));
    }

    /// The person proved that the login is theirs: linked, unless somebody else has it or the configuration says who has.
    async fn linked(
        &mut self,
        actor: &Actor,
        place: &Place,
        account: Account,
        (login, id, via): (String, Option<u64>, LinkVia),
    ) -> Result<Note, StoreError> {
        if let Err(why) = self.engine.directory.may_link(&account, Some(&login)) {
            return Ok(refused("link", why));
        }
        let same = |link: &&Link| link.login.eq_ignore_ascii_case(&login) && link.account.platform == account.platform;
        let all = self.engine.links().await?;
        let others = all.iter().filter(same).filter(|link| link.account != account);
        // One of who had the login before is over.
        let (past, theirs): (Vec<&Link>, Vec<&Link>) =
            others.partition(|link| link.id.zip(id).is_some_and(|(a, b)| a != b));
        self.turn.settings.extend(past.iter().map(|link| (link_key(&link.account), None)));
        if !theirs.is_empty() {
            let why = format!(
                "{login} is linked to another account here: unlink it there, or ask an admin for `unlink github {login}`"
            );
            return Ok(refused("link", why));
        }
        let by = self.engine.directory.principal(actor, place);
        let named: Untrusted = format!("{} ({})", actor.name.line(40), account.key()).into();
        let note = Note::Linked { by: by.name.clone(), account: named, login: login.clone() };
        self.house_entry(&by, note.clone()).await?;
        if self.engine.directory.is_somebody(&login) {
            // Whoever gets somebody's rights by it is looked at.
            for to in self.engine.directory.admins().into_iter().filter(|to| !to.is_empty()) {
                self.effect(Effect::Direct { to, note: note.clone() });
            }
        }
        tracing::info!(account = %account.key(), login, "linked an account");
        let key = link_key(&account);
        let looked = id.map_or(Time(0), |_| self.now);
        let link = Link { account, name: actor.name.clone(), login, id, at: self.now, looked, via: Some(via) };
        self.turn.settings.push((key, Some(json!(link))));
        Ok(note)
    }

    /// One's own link, and what waits; or everybody's to a login, by an admin.
    pub(super) async fn unlink(
        &mut self,
        by: &Principal,
        asker: &Asker,
        login: Option<String>,
    ) -> Result<Note, StoreError> {
        let account = Account::of(&asker.actor);
        let ours = |link: &Link| match &login {
            Some(login) => link.login.eq_ignore_ascii_case(login.trim_start_matches('@')),
            None => link.account == account,
        };
        let gone: Vec<Link> = self.engine.links().await?.into_iter().filter(ours).collect();
        let waits = login.is_none() && self.pending(&account).await?.is_some();
        if waits {
            self.forget(&account);
        }
        if gone.is_empty() {
            let why = if waits { "the code counts no more; there was no link yet" } else { "there is no such link" };
            return Ok(refused("unlink", why));
        }
        self.turn.settings.extend(gone.iter().map(|link| (link_key(&link.account), None)));
        let mut logins: Vec<String> = gone.into_iter().map(|link| link.login).collect();
        logins.dedup();
        tracing::info!(by = %by.name.line(60), logins = logins.join(", "), "removed links of accounts");
        let note = Note::Unlinked { by: by.name.clone(), logins };
        self.house_entry(by, note.clone()).await?;
        Ok(note)
    }

    /// A code for whoever is signed in at the console.
    async fn make_code(&mut self, by: &Principal) -> Result<Note, StoreError> {
        let Some(login) = by.github.clone() else {
            return Ok(refused("link", "the console does not know your GitHub account: sign in with GitHub first"));
        };
        let Some(code) = code() else { return Ok(refused("link", "this machine gives no randomness")) };
        for (key, value) in self.engine.store.settings(CODES).await? {
            let over = serde_json::from_value::<Coded>(value).map_or(true, |coded| coded.until <= self.now);
            if over {
                self.turn.settings.push((key, None));
            }
        }
        let coded = Coded { login, until: self.now.plus_ms(CODE_MS) };
        self.turn.settings.push((code_key(&code), Some(json!(coded))));
        Ok(Note::ConsoleCode { code, minutes: CODE_MS / MINUTE_MS })
    }

    async fn use_code(&mut self, asker: &Asker, account: Account, code: &str) -> Result<Note, StoreError> {
        if let Err(why) = self.engine.directory.may_link(&account, None) {
            return Ok(refused("link", why));
        }
        let key = code_key(code);
        let stored = self.engine.store.setting(&key).await?;
        let coded = stored.and_then(|value| serde_json::from_value::<Coded>(value).ok());
        let Some(coded) = coded.filter(|coded| coded.until > self.now) else {
            let why = "that code does not count: it is used, too old or mistyped; type `link console` at the console";
            return Ok(refused("link", why));
        };
        self.turn.settings.push((key, None));
        let (actor, place) = (asker.actor.clone(), asker.place.clone());
        // Its number is asked for in a moment.
        self.linked(&actor, &place, account, (coded.login, None, LinkVia::Console)).await
    }
}

fn told(device: &DeviceCode, until: Time, now: Time) -> Note {
    let minutes = (until.ms_since(now) / MINUTE_MS).max(1);
    Note::LinkCode { code: device.code.clone(), url: device.url.clone(), minutes }
}
