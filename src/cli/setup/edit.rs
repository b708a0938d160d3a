//! The configuration's text with the answers in it: what nobody asked for, comments too, stays byte for byte.

use super::answers::Answers;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

/// The head of a new file.
const HEAD: &str =
    "# CI Rescue. Every key: docs/configuration.md. Secrets are in the folder `secrets` beside this file.\n";

/// A channel that is to be fed.
pub struct Channel<'a> {
    pub platform: &'static str,
    pub id: &'a str,
}

/// The text with the answers, or none where nothing changes.
///
/// # Errors
/// The text is no TOML, or something else stands where an answer belongs.
pub fn edited(before: Option<&str>, answers: &Answers, channels: &[Channel<'_>]) -> Result<Option<String>, String> {
    let text = before.unwrap_or(HEAD);
    let mut document: DocumentMut = text.parse().map_err(|why: toml_edit::TomlError| why.message().to_owned())?;
    // Comments alone would end up behind what is added.
    let head = if document.is_empty() { text } else { "" };
    if !head.is_empty() {
        document = DocumentMut::new();
    }
    let github = &answers.github;
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    set(&mut document, "server", "listen", answers.server.listen.clone())?;
    set(&mut document, "console", "listen", answers.console.as_ref().and_then(|it| it.listen.clone()))?;
    set(&mut document, "store", "path", path(&answers.store.path))?;
    set(&mut document, "github", "api_url", github.api_url.clone())?;
    set(&mut document, "github", "ca_file", path(&github.ca_file))?;
    set(&mut document, "github", "app_id", github.app_id.map(number))?;
    add(&mut document, "github", "repositories", &github.repositories)?;
    let slack = answers.slack.as_ref();
    set(&mut document, "slack", "api_url", slack.and_then(|it| it.api_url.clone()))?;
    let discord = answers.discord.as_ref();
    set(&mut document, "discord", "api_url", discord.and_then(|it| it.api_url.clone()))?;
    set(&mut document, "discord", "application_id", discord.and_then(|it| it.application_id.clone()))?;
    set(&mut document, "discord", "guild_id", discord.and_then(|it| it.guild_id.clone()))?;
    for channel in channels {
        subscribe(&mut document, channel, &github.repositories)?;
    }
    person(&mut document, answers)?;
    let after = match (head, document.to_string()) {
        ("", after) => after,
        (head, after) if after.is_empty() => head.to_owned(),
        (head, after) => format!("{}\n\n{}", head.trim_end(), after.trim_start()),
    };
    Ok((before != Some(after.as_str())).then_some(after))
}

fn misplaced(name: &str, wanted: &str) -> String {
    format!("{name} is not {wanted}: put that right first")
}

fn section<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut dyn toml_edit::TableLike, String> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_like_mut().ok_or_else(|| misplaced(name, "a section"))
}

/// Sets a key where it says something else; what stands around the value stays.
fn set<V: Into<Value>>(document: &mut DocumentMut, name: &str, key: &str, to: Option<V>) -> Result<(), String> {
    let Some(to) = to.map(Into::into) else { return Ok(()) };
    let table = section(document, name)?;
    match table.get_mut(key) {
        Some(Item::Value(have)) if plain(have) == plain(&to) => {}
        Some(Item::Value(have)) => {
            let decor = have.decor().clone();
            *have = to;
            *have.decor_mut() = decor;
        }
        Some(item) if !item.is_none() => return Err(misplaced(&format!("{name}.{key}"), "a value")),
        _ => {
            table.insert(key, Item::Value(to));
        }
    }
    Ok(())
}

/// A value without the blanks and comments around it.
fn plain(value: &Value) -> String {
    value.clone().decorated("", "").to_string()
}

/// Adds to a list what is not in it.
fn add(document: &mut DocumentMut, name: &str, key: &str, items: &[String]) -> Result<(), String> {
    if items.is_empty() {
        return Ok(());
    }
    let table = section(document, name)?;
    let list = table.entry(key).or_insert_with(|| value(Array::new()));
    let list = list.as_array_mut().ok_or_else(|| misplaced(&format!("{name}.{key}"), "a list"))?;
    for item in items {
        if !list.iter().any(|have| have.as_str() == Some(item)) {
            push(list, item);
        }
    }
    Ok(())
}

/// Adds an item; in a list of several lines on its own, so that a comment stays behind the item that it is about.
fn push(list: &mut Array, item: &str) {
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    let before = list.get(0).and_then(|first| first.decor().prefix()).and_then(toml_edit::RawString::as_str);
    let indent = before.and_then(|prefix| prefix.rfind('\n').map(|at| prefix[at..].to_owned()));
    match indent.filter(|_| list.trailing_comma() && trailing.contains('\n')) {
        Some(indent) => {
            let prefix = format!("{}{indent}", trailing.trim_end());
            list.push_formatted(Value::from(item).decorated(prefix, ""));
            list.set_trailing("\n");
        }
        None => list.push(item),
    }
}

fn tables<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut ArrayOfTables, String> {
    let item = document.entry(name).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| misplaced(name, &format!("written as [[{name}]]")))
}

fn says(table: &Table, key: &str, want: &str) -> bool {
    table.get(key).and_then(Item::as_str) == Some(want)
}

/// A subscription for each repository, unless the channel has it.
fn subscribe(document: &mut DocumentMut, channel: &Channel<'_>, repositories: &[String]) -> Result<(), String> {
    if repositories.is_empty() {
        return Ok(());
    }
    let all = tables(document, "subscriptions")?;
    for repository in repositories {
        let fed = |table: &Table| {
            says(table, "platform", channel.platform)
                && says(table, "channel", channel.id)
                && (says(table, "repo", repository) || table.get("repo").is_none())
        };
        if !all.iter().any(fed) {
            let mut table = Table::new();
            table.insert("platform", value(channel.platform));
            table.insert("channel", value(channel.id));
            table.insert("repo", value(repository.as_str()));
            all.push(table);
        }
    }
    Ok(())
}

/// The first admin. A person who is listed keeps what is there, and gets the accounts that are not.
fn person(document: &mut DocumentMut, answers: &Answers) -> Result<(), String> {
    let Some(admin) = &answers.admin else { return Ok(()) };
    let accounts = [("github", &admin.github), ("slack", &admin.slack), ("discord", &admin.discord)];
    let name = admin.name.as_ref().or(admin.github.as_ref()).map_or("admin", String::as_str);
    let all = tables(document, "people")?;
    let is_them = |table: &Table| {
        says(table, "name", name)
            || accounts.iter().any(|(key, account)| account.as_ref().is_some_and(|account| says(table, key, account)))
    };
    if let Some(table) = all.iter_mut().find(|table| is_them(table)) {
        for (key, account) in accounts {
            if let Some(account) = account.as_ref().filter(|_| table.get(key).is_none()) {
                table.insert(key, value(account.as_str()));
            }
        }
        return Ok(());
    }
    let mut table = Table::new();
    table.insert("name", value(name));
    for (key, account) in accounts {
        if let Some(account) = account {
            table.insert(key, value(account.as_str()));
        }
    }
    table.insert("role", value("admin"));
    all.push(table);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::setup::answers::{Admin, GitHub, Slack};

    fn answers() -> Answers {
        Answers {
            github: GitHub { app_id: Some(7), repositories: vec!["acme/*".into()], ..GitHub::default() },
            slack: Some(Slack { channel: Some("C01".into()), ..Slack::default() }),
            admin: Some(Admin { github: Some("ada".into()), slack: Some("U01".into()), ..Admin::default() }),
            ..Answers::default()
        }
    }

    const SLACK: Channel<'_> = Channel { platform: "slack", id: "C01" };

    #[test]
    fn a_new_file_says_it_all_and_a_second_time_changes_nothing() {
        let text = edited(None, &answers(), &[SLACK]).unwrap().unwrap();
        insta::assert_snapshot!(text, @r#"
        # CI Rescue. Every key: docs/configuration.md. Secrets are in the folder `secrets` beside this file.

        [github]
        app_id = 7
        repositories = ["acme/*"]

        [[subscriptions]]
        platform = "slack"
        channel = "C01"
        repo = "acme/*"

        [[people]]
        name = "ada"
        github = "ada"
        slack = "U01"
        role = "admin"
        "#);
        assert_eq!(edited(Some(&text), &answers(), &[SLACK]).unwrap(), None);
    }

    #[test]
    fn what_nobody_asked_for_stays_to_the_byte() {
        let before = "# ours\n[github] # here\napp_id   =  6   # the old one\nrepositories = [\n  \"acme/web\", # first\n]\n\n\
                      [policy]\nmode = 'observe' # for now\n\n[[people]] # Ada\nname = \"ada\"\nrole = \"viewer\"\n";
        let after = edited(Some(before), &answers(), &[SLACK]).unwrap().unwrap();
        for kept in [
            "# ours\n[github] # here\napp_id   =  7   # the old one\n",
            "repositories = [\n  \"acme/web\", # first\n  \"acme/*\",\n]\n",
            "[policy]\nmode = 'observe' # for now\n",
            "[[people]] # Ada\nname = \"ada\"\nrole = \"viewer\"\n",
        ] {
            assert!(after.contains(kept), "{kept}: {after}");
        }
        assert!(ci_rescue::config::parse(&after.replace("app_id   =  7", "#"), &[]).is_ok(), "{after}");
        assert_eq!(edited(Some(&after), &answers(), &[SLACK]).unwrap(), None);
    }

    #[test]
    fn what_stands_in_the_way_is_told() {
        for (before, why) in [
            ("github = 5\n", "github is not a section"),
            ("subscriptions = []\n", "subscriptions is not written as [[subscriptions]]"),
            ("[github]\nrepositories = 'acme/*'\n", "github.repositories is not a list"),
            ("[github.app_id]\nx = 1\n", "github.app_id is not a value"),
        ] {
            let told = edited(Some(before), &answers(), &[SLACK]).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
