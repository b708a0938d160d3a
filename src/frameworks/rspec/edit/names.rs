//! What the names of `RSpec`'s examples mean: descriptions, places, ids.

use super::items::{Item, Kind};
use super::titles::{Piece, Title};

/// A name, taken apart.
pub struct TestName<'a> {
    /// The description; empty where there is only a place.
    pub text: &'a str,
    pub place: Option<Place<'a>>,
}

/// A place as `RSpec` prints it, to be run again.
pub enum Place<'a> {
    /// A path and a line.
    Line(&'a str, usize),
    /// A path, and the place of each group and of the example among their siblings, from 1.
    Id(&'a str, Vec<usize>),
}

impl<'a> Place<'a> {
    pub fn path(&self) -> &'a str {
        match self {
            Self::Line(path, _) | Self::Id(path, _) => path,
        }
    }

    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_matches(['\'', '"']);
        if let Some((path, ids)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
            let ids: Result<Vec<usize>, _> = ids.split(':').map(str::parse).collect();
            return ids.ok().filter(|_| path.ends_with(".rb")).map(|ids| Self::Id(path, ids));
        }
        let (path, line) = text.rsplit_once(':')?;
        line.parse().ok().filter(|_| path.ends_with(".rb")).map(|line| Self::Line(path, line))
    }
}

/// Takes a name apart: `rspec ./spec/x_spec.rb:3 # text`, `text example at ./spec/x_spec.rb:3`, a place, or a text.
pub fn wanted(name: &str) -> TestName<'_> {
    let name = name.trim();
    let rest = name.strip_prefix("rspec ").unwrap_or(name);
    let (first, text) = rest.split_once(" # ").unwrap_or((rest, ""));
    if let Some(place) = Place::parse(first) {
        return TestName { text: text.trim(), place: Some(place) };
    }
    if let Some(place) = name.rsplit_once("example at ").and_then(|(_, place)| Place::parse(place)) {
        return TestName { text: "", place: Some(place) };
    }
    TestName { text: name, place: None }
}

/// The longest word of a description, which its source has most likely in one piece.
pub fn needle(text: &str) -> &str {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| *word != "behaves").max_by_key(|word| word.len()).unwrap_or("")
}

/// Whether a path of the repository and one that `RSpec` printed may be the same file.
pub fn same_file(path: &str, printed: &str) -> bool {
    let printed = printed.trim_start_matches("./");
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|start| start.is_empty() || start.ends_with('/'))
    };
    ends(path, printed) || ends(printed, path)
}

/// What a description leads to.
#[derive(Default)]
pub struct Hits {
    pub items: Vec<usize>,
    /// They may have this description, by pieces that are known only when the tests run.
    pub perhaps: bool,
}

/// The items with this full description; else the examples with this description of their own.
pub fn by_text(items: &[Item<'_>], text: &str) -> Hits {
    if text.is_empty() {
        return Hits::default();
    }
    let (sure, perhaps) = by_full_text(items, text);
    if !sure.is_empty() {
        return Hits { items: sure, perhaps: false };
    }
    let own = |item: &Item<'_>| {
        item.kind == Kind::Example
            && matches!(&item.titles[..], [Title { pieces, .. }] if pieces[..] == [Piece::Text(text.to_owned())])
    };
    let sure: Vec<usize> = (0..items.len()).filter(|at| own(&items[*at])).collect();
    if sure.is_empty() { Hits { items: perhaps, perhaps: true } } else { Hits { items: sure, perhaps: false } }
}

/// Groups within more groups than this are not looked into by their descriptions.
const DEPTH_MAX: usize = 64;

/// Follows the text down the groups: for each, how far into the text its description may reach.
fn by_full_text(items: &[Item<'_>], text: &str) -> (Vec<usize>, Vec<usize>) {
    let mut around: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut sure = Vec::new();
    let mut open = Vec::new();
    for (at, item) in items.iter().enumerate() {
        while around.last().is_some_and(|(group, _)| item.parent != Some(*group)) {
            around.pop();
        }
        let start = around.last().map_or_else(|| vec![0], |(_, reached)| reached.clone());
        let reach = after(item, text, start);
        let whole = reach.last() == Some(&text.len()) && !item.titles.is_empty();
        if whole && item.kind != Kind::Other && item.kind != Kind::Shared {
            if item.open_title {
                // What is open in a group's title may stand for the rest of the name: its example fits better.
                open.pop_if(|last| around.iter().any(|(group, _)| group == last));
                open.push(at);
            } else {
                sure.push(at);
            }
        }
        around.push((at, if around.len() < DEPTH_MAX { reach } else { Vec::new() }));
    }
    (sure, open)
}

/// The places in the text that an item's description may reach from the places where it may begin.
fn after(item: &Item<'_>, text: &str, start: Vec<usize>) -> Vec<usize> {
    if start.is_empty() {
        return start;
    }
    if item.kind == Kind::Behaves {
        let included = item.titles.is_empty() || item.method == "include_examples";
        return if included { Vec::new() } else { behaves(item, text, &start) };
    }
    let mut reach = start.clone();
    for title in &item.titles {
        reach = title_after(title, &item.modules, text, &reach);
    }
    if item.kind == Kind::Other {
        reach.extend(start);
        reach.sort_unstable();
        reach.dedup();
    }
    reach
}

/// `it_behaves_like "a cart"` is printed as `behaves like a cart`, and then the examples that are included.
fn behaves(item: &Item<'_>, text: &str, start: &[usize]) -> Vec<usize> {
    let said = if item.method == "it_behaves_like" { "behaves like" } else { "it should behave like" };
    let said = Title { pieces: vec![Piece::Text(said.to_owned())], constant: false };
    let reach = title_after(&item.titles[0], &item.modules, text, &title_after(&said, "", text, start));
    let ends = |at: &usize| *at == text.len() || text[*at..].starts_with(' ');
    if reach.iter().any(ends) { vec![text.len()] } else { Vec::new() }
}

/// The places after a title and the space before it.
fn title_after(title: &Title, modules: &str, text: &str, start: &[usize]) -> Vec<usize> {
    let joined = matches!(title.pieces.first(), Some(Piece::Text(first)) if first.starts_with(['#', '.', ':']));
    let mut reach = Vec::new();
    for at in start {
        let rest = &text[*at..];
        if *at == 0 || joined {
            reach.push(*at);
        }
        if *at > 0 && rest.starts_with(' ') {
            reach.push(at + 1);
        }
    }
    let mut reach = matching(&title.pieces, text, &reach);
    if title.constant && !modules.is_empty() {
        let outer = Piece::Text(modules.to_owned());
        let pieces: Vec<Piece> = std::iter::once(outer).chain(title.pieces.iter().cloned()).collect();
        let starts: Vec<usize> = start.iter().map(|at| at + usize::from(text[*at..].starts_with(' '))).collect();
        reach.extend(matching(&pieces, text, &starts));
    }
    reach.sort_unstable();
    reach.dedup();
    reach
}

/// The places after all pieces.
fn matching(pieces: &[Piece], text: &str, start: &[usize]) -> Vec<usize> {
    let mut reach = start.to_vec();
    for piece in pieces {
        reach = match piece {
            Piece::Text(known) => {
                reach.iter().filter(|at| text[**at..].starts_with(known.as_str())).map(|at| at + known.len()).collect()
            }
            Piece::Any => match reach.iter().min() {
                Some(first) => (*first..=text.len()).filter(|at| text.is_char_boundary(*at)).collect(),
                None => Vec::new(),
            },
        };
    }
    reach
}

/// The innermost items that hold a line; several where they stand side by side on it.
pub fn by_line(items: &[Item<'_>], line: usize) -> Vec<usize> {
    let holds = |item: &Item<'_>| item.kind != Kind::Other && item.line <= line && line <= item.last_line;
    let mut holding: Vec<usize> = (0..items.len()).filter(|at| holds(&items[*at])).collect();
    let mut outer = vec![false; items.len()];
    for at in &holding {
        let mut parent = items[*at].parent;
        while let Some(group) = parent.filter(|group| !outer[*group]) {
            outer[group] = true;
            parent = items[group].parent;
        }
    }
    holding.retain(|at| !outer[*at]);
    holding
}

/// Whether the item at a place may have the description that was printed with it.
pub fn may_be(item: &Item<'_>, text: &str) -> bool {
    match item.titles.last() {
        Some(Title { pieces, .. }) if item.kind != Kind::Behaves => match &pieces[..] {
            [Piece::Text(known)] => text.is_empty() || text.ends_with(known.as_str()),
            _ => true,
        },
        _ => true,
    }
}

/// The item with an id; None where there is none or where generated ones make the count unsure.
pub fn by_id(items: &[Item<'_>], indices: &[usize]) -> Option<usize> {
    let mut parent = None;
    let mut found = None;
    for index in indices {
        let from = parent.map_or(0, |at: usize| at + 1);
        let at = (from..items.len()).find(|at| items[*at].parent == parent && items[*at].index == Some(*index))?;
        parent = Some(at);
        found = parent;
    }
    found
}

/// Whether an item has no items within.
pub fn leaf(items: &[Item<'_>], at: usize) -> bool {
    items.get(at + 1).is_none_or(|next| next.parent != Some(at))
}

/// How many examples a group has in the source, and whether more may be generated.
pub fn inside(items: &[Item<'_>], group: usize) -> (usize, bool) {
    let end = items[group].node.end_byte();
    let within = items[group + 1..].iter().take_while(|item| item.node.start_byte() < end);
    let (mut count, mut open) = (0, false);
    for item in within {
        count += usize::from(item.kind == Kind::Example && item.why.is_none());
        open |= item.kind == Kind::Behaves || item.why.is_some();
    }
    (count, open)
}
