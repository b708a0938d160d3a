//! The classes and test methods of a Java file, and which of them a name means.

use super::imports::{annotations, simple, title};
use super::name::{Reading, class as class_segments, readings, simple_type, titled};
use crate::frameworks::marking::children;
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// Classes nested deeper are not looked into.
const DEPTH_MAX: usize = 32;

/// More titles are not tried as the end of a name.
const TITLES_MAX: usize = 20;

pub struct Class<'tree> {
    pub node: Node<'tree>,
    /// The class around it, by its number.
    pub outer: Option<usize>,
    /// The package and the classes around it and its own name, each with its title.
    path: Vec<(String, Option<String>)>,
    pub annotations: Vec<Node<'tree>>,
}

pub struct Method<'tree> {
    pub node: Node<'tree>,
    pub class: usize,
    pub name: String,
    title: Option<String>,
    pub annotations: Vec<Node<'tree>>,
}

/// What a file declares.
#[derive(Default)]
pub struct Declared<'tree> {
    pub classes: Vec<Class<'tree>>,
    pub methods: Vec<Method<'tree>>,
}

/// What a name means here.
pub enum Meant<'a, 'tree> {
    Nothing,
    Method(&'a Method<'tree>),
    /// One run of a method.
    Row(&'a Method<'tree>),
    Class(&'a Class<'tree>),
    Several(Vec<Node<'tree>>),
}

impl<'tree> Method<'tree> {
    /// The annotation that makes it a test.
    pub fn test(&self, text: &str) -> Option<Node<'tree>> {
        self.annotations.iter().copied().find(|annotation| {
            let name = simple(*annotation, text);
            name.ends_with("Test") || matches!(name, "TestFactory" | "TestTemplate" | "Theory")
        })
    }

    fn types(&self, text: &str) -> Vec<String> {
        let parameters = self.node.child_by_field_name("parameters").map(children).unwrap_or_default();
        let of_parameter = |parameter: &Node<'_>| {
            let kind = parameter.child_by_field_name("type").map(|kind| of(kind, text).to_owned());
            match parameter.kind() {
                "formal_parameter" => kind,
                "spread_parameter" => {
                    let kind = children(*parameter).into_iter().find(|child| child.kind() != "modifiers")?;
                    Some(format!("{}...", of(kind, text)))
                }
                _ => None,
            }
        };
        parameters.iter().filter_map(of_parameter).map(|kind| simple_type(&kind)).collect()
    }
}

impl<'tree> Declared<'tree> {
    pub fn of(text: &str, root: Node<'tree>) -> Self {
        let package = children(root).into_iter().find(|node| node.kind() == "package_declaration");
        let package = package.and_then(|package| children(package).into_iter().next_back());
        let package = package.map_or("", |name| of(name, text));
        let path = package.split('.').filter(|part| !part.is_empty()).map(|part| (part.trim().to_owned(), None));
        let path = path.collect::<Vec<_>>();
        let mut declared = Self::default();
        let mut pending = vec![(root, None, path)];
        while let Some((body, outer, path)) = pending.pop() {
            for node in children(body) {
                let annotations = annotations(node);
                let name = node.child_by_field_name("name").map_or("", |name| of(name, text)).to_owned();
                let title = title(&annotations, text);
                match (node.kind(), outer) {
                    ("method_declaration", Some(class)) => {
                        declared.methods.push(Method { node, class, name, title, annotations });
                    }
                    ("class_declaration" | "interface_declaration" | "record_declaration", _) => {
                        let mut path = path.clone();
                        path.push((name, title));
                        let inner = node.child_by_field_name("body").filter(|_| path.len() < DEPTH_MAX);
                        pending.extend(inner.map(|body| (body, Some(declared.classes.len()), path.clone())));
                        declared.classes.push(Class { node, outer, path, annotations });
                    }
                    _ => {}
                }
            }
        }
        declared.methods.sort_by_key(|method| method.node.start_byte());
        declared
    }

    /// What the name means: a method by the first reading that fits, or else a class.
    pub fn find(&self, text: &str, name: &str) -> Meant<'_, 'tree> {
        let titles = self.methods.iter().filter_map(|method| method.title.as_deref()).filter(|title| !title.is_empty());
        let by_title = titles.filter_map(|title| titled(name, title)).take(TITLES_MAX);
        for reading in readings(name).into_iter().chain(by_title) {
            let mut found = self.methods.iter().filter(|method| self.fits(text, method, &reading)).collect::<Vec<_>>();
            if let Some(parameters) = &reading.parameters
                && found.len() > 1
            {
                found.retain(|method| method.types(text) == *parameters);
            }
            match found[..] {
                [] => {}
                [method] if reading.row => return Meant::Row(method),
                [method] => return Meant::Method(method),
                _ => return Meant::Several(found.iter().map(|method| method.node).collect()),
            }
        }
        let segments = class_segments(name);
        let classes = self.classes.iter().filter(|class| !segments.is_empty() && is_end(&class.path, &segments));
        match classes.collect::<Vec<_>>()[..] {
            [] => Meant::Nothing,
            [class] => Meant::Class(class),
            ref several => Meant::Several(several.iter().map(|class| class.node).collect()),
        }
    }

    /// Whether a method is meant by a reading. What is printed as `m()` may take what `JUnit` hands in.
    fn fits(&self, text: &str, method: &Method<'_>, reading: &Reading) -> bool {
        let named = reading.label == method.name || method.title.as_ref() == Some(&reading.label);
        let types = reading.parameters.as_ref().filter(|parameters| !parameters.is_empty());
        named
            && is_end(&self.classes[method.class].path, &reading.classes)
            && types.is_none_or(|types| *types == method.types(text))
    }

    /// A class and those around it, from the inside out.
    pub fn around(&self, class: usize) -> Vec<&Class<'tree>> {
        let first = self.classes.get(class);
        std::iter::successors(first, |class| class.outer.and_then(|outer| self.classes.get(outer))).collect()
    }

    /// A class and those around it whose skip is its own too, from the inside out: only what is `@Nested` inherits it
    /// (JUnit 5's user guide, "Nested Tests"); a static class inside another runs by itself.
    pub fn skipped_with(&self, class: usize, text: &str) -> Vec<&Class<'tree>> {
        let nested = |class: &Class<'_>| class.annotations.iter().any(|node| simple(*node, text) == "Nested");
        let mut all = self.around(class);
        let inherited = all.iter().take_while(|class| nested(class)).count();
        all.truncate(inherited + 1);
        all
    }

    /// The methods of a class and of the classes inside it which are skipped with it.
    pub fn methods_in(&self, class: &Class<'_>, text: &str) -> impl Iterator<Item = &Method<'tree>> {
        let range = class.node.byte_range();
        let id = class.node.id();
        self.methods.iter().filter(move |method| {
            range.contains(&method.node.start_byte())
                && self.skipped_with(method.class, text).iter().any(|around| around.node.id() == id)
        })
    }
}

/// Whether the segments are the end of a class's path, by names or titles.
fn is_end(path: &[(String, Option<String>)], segments: &[String]) -> bool {
    let Some(from) = path.len().checked_sub(segments.len()) else {
        return false;
    };
    let same = |((name, title), segment): (&(String, Option<String>), &String)| {
        name == segment || title.as_ref() == Some(segment)
    };
    path[from..].iter().zip(segments).all(same)
}
