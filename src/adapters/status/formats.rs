//! What a status page says is open, by its format.

use serde::Deserialize;

/// Of one page, at most.
const OPEN_MAX: usize = 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub title: String,
    pub impact: String,
}

/// # Errors
/// It is in none of the formats: a clause.
pub(super) fn read(page: &[u8], components: &[String]) -> Result<Vec<Open>, String> {
    let text = String::from_utf8_lossy(page);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let mut open = match start.chars().next() {
        Some('{') => statuspage(start, components)?,
        Some('<') => atom(start)?,
        _ => return Err("it is neither Statuspage's JSON nor an Atom feed".into()),
    };
    open.truncate(OPEN_MAX);
    Ok(open)
}

/// `/api/v2/summary.json` and `/api/v2/incidents/unresolved.json` of Statuspage.
#[derive(Deserialize)]
struct Summary {
    incidents: Vec<Incident>,
}

#[derive(Deserialize)]
struct Incident {
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    impact: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
}

/// States of Statuspage in which nothing is wrong any more.
const OVER: [&str; 3] = ["resolved", "postmortem", "completed"];

fn statuspage(text: &str, components: &[String]) -> Result<Vec<Open>, String> {
    let summary: Summary = serde_json::from_str(text).map_err(|_| "its JSON has no list of incidents".to_owned())?;
    let is_open = |one: &Incident| !OVER.contains(&one.status.as_str()) && one.impact != "none";
    let named = |name: &str| components.iter().any(|want| want.eq_ignore_ascii_case(name));
    // An incident that names no component may concern any.
    let concerns = |one: &Incident| {
        components.is_empty() || one.components.is_empty() || one.components.iter().any(|part| named(&part.name))
    };
    let open = summary.incidents.into_iter().filter(|one| is_open(one) && concerns(one));
    Ok(open.map(|one| Open { title: one.name, impact: one.impact }).collect())
}

#[derive(Deserialize)]
struct Feed {
    #[serde(default, rename = "entry")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    title: Text,
    #[serde(default)]
    content: Text,
}

#[derive(Default, Deserialize)]
struct Text {
    #[serde(default, rename = "$text")]
    text: String,
}

/// The feed of a Statuspage: the newest update of each incident stands first in its content, in `<strong>`.
fn atom(text: &str) -> Result<Vec<Open>, String> {
    let feed: Feed = quick_xml::de::from_str(text).map_err(|_| "it is not an Atom feed".to_owned())?;
    let is_open = |entry: &Entry| {
        let content = entry.content.text.to_lowercase();
        let newest = content.split("<strong>").nth(1).and_then(|rest| rest.split("</strong>").next());
        newest.is_some_and(|state| !OVER.contains(&state.trim()) && state.trim() != "scheduled")
    };
    let open = feed.entries.into_iter().filter(is_open);
    Ok(open.map(|entry| Open { title: entry.title.text, impact: String::new() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JSON: &str = r#"{"page": {"name": "GitHub"}, "incidents": [
        {"name": "Actions is degraded", "status": "investigating", "impact": "major", "components": [{"name": "Actions"}]},
        {"name": "Pages is slow", "status": "identified", "impact": "minor", "components": [{"name": "Pages"}]},
        {"name": "All is well", "status": "monitoring", "impact": "none"},
        {"name": "Over", "status": "resolved", "impact": "critical"}]}"#;

    fn titles(page: &str, components: &[&str]) -> Vec<String> {
        let components: Vec<String> = components.iter().map(|one| (*one).to_owned()).collect();
        read(page.as_bytes(), &components).unwrap().into_iter().map(|one| one.title).collect()
    }

    #[test]
    fn what_is_open_is_found_in_both_formats() {
        assert_eq!(titles(JSON, &[]), ["Actions is degraded", "Pages is slow"]);
        assert_eq!(titles(JSON, &["actions"]), ["Actions is degraded"]);
        let atom = "\u{feff}<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Status</title>\
            <entry><title>Slow &amp; failing</title><content type=\"html\">&lt;p&gt;&lt;strong&gt;Investigating&lt;/strong&gt; - x&lt;/p&gt;</content></entry>\
            <entry><title>Old</title><content type=\"html\">&lt;strong&gt;Resolved&lt;/strong&gt; - x &lt;strong&gt;Investigating&lt;/strong&gt;</content></entry>\
            <entry><title>Planned</title><content type=\"html\">&lt;strong&gt;Scheduled&lt;/strong&gt;</content></entry></feed>";
        assert_eq!(titles(atom, &["Actions"]), ["Slow & failing"]);
        assert!(titles("{\"incidents\": []}", &[]).is_empty());
        for (page, why) in [
            ("", "neither"),
            ("<html><p>", "not an Atom"),
            ("{}", "no list"),
            ("[1]", "neither"),
            ("{\"incidents\": 1}", "no list"),
        ] {
            let found = read(page.as_bytes(), &[]).unwrap_err();
            assert!(found.contains(why), "{page}: {found}");
        }
    }

    proptest! {
        #[test]
        fn any_page_is_read_or_refused(page in prop::collection::vec(any::<u8>(), 0..200), xml in "(<|>|/|entry|feed|title|&amp;|a){0,40}") {
            let _ = read(&page, &[]);
            let _ = read(format!("<feed>{xml}").as_bytes(), &[]);
            if let Ok(open) = read(JSON.as_bytes(), &[]) {
                prop_assert!(open.len() <= OPEN_MAX);
            }
        }
    }
}
