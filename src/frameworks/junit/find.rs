//! The classes and test methods of a file, and which of them a name means.

use super::annotations::Annotation;
use super::name::{Reading, class as class_segments, odd, readings, titled, without_module};
use tree_sitter::Node;

/// Classes nested deeper are not looked into.
const DEPTH_MAX: usize = 32;

/// More titles are not tried as the end of a name.
const TITLES_MAX: usize = 20;

/// A name and its title.
type Named = (String, Option<String>);

pub struct Class<'tree> {
    pub node: Node<'tree>,
    /// Where it begins, with its annotations.
    pub start: usize,
    /// The class around it, by its number.
    pub outer: Option<usize>,
    /// The package and the classes around it and its own name, each with its title.
    pub path: Vec<Named>,
    pub annotations: Vec<Annotation>,
    /// The classes that it extends.
    pub bases: Vec<String>,
    /// Whether its name, and whether its body was understood.
    pub is_named: bool,
    pub is_whole: bool,
}

pub struct Method<'tree> {
    pub node: Node<'tree>,
    /// Where it begins, with its annotations.
    pub start: usize,
    pub class: usize,
    pub name: String,
    pub title: Option<String>,
    pub annotations: Vec<Annotation>,
    /// Its parameters' types, as they are printed.
    pub types: Vec<String>,
    /// Of its Kotlin module alone: then its name is printed with the module's behind it.
    pub is_internal: bool,
}

/// Where a class or method stands: in a class, or in the package.
#[derive(Clone, Default)]
pub struct Outer {
    pub class: Option<usize>,
    path: Vec<Named>,
}

impl Outer {
    pub fn package(name: &str) -> Self {
        let parts = name.split('.').map(str::trim).filter(|part| !part.is_empty());
        Self { class: None, path: parts.map(|part| (part.to_owned(), None)).collect() }
    }

    /// The path of what stands within.
    pub fn within(&self, name: String, title: Option<String>) -> Vec<Named> {
        self.path.iter().cloned().chain([(name, title)]).collect()
    }
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

impl Method<'_> {
    /// The annotation that makes it a test.
    pub fn test(&self) -> Option<&Annotation> {
        self.annotations.iter().find(|annotation| annotation.is_test())
    }

    /// What a name may end with that is no plain identifier: its title, or its own name.
    fn titles(&self) -> impl Iterator<Item = &str> {
        let own = Some(self.name.as_str()).filter(|name| name.contains(odd));
        self.title.as_deref().into_iter().chain(own).filter(|title| !title.is_empty())
    }
}

impl<'tree> Declared<'tree> {
    /// Adds a class; answers what stands within it, unless that is too deep.
    pub fn add(&mut self, class: Class<'tree>) -> Option<Outer> {
        let path = class.path.clone();
        self.classes.push(class);
        (path.len() < DEPTH_MAX).then(|| Outer { class: Some(self.classes.len() - 1), path })
    }

    /// The methods in the order of the text.
    pub fn sorted(mut self) -> Self {
        self.methods.sort_by_key(|method| method.node.start_byte());
        self
    }

    /// What the name means: a method by the first reading that fits, or else a class.
    pub fn find(&self, name: &str) -> Meant<'_, 'tree> {
        let titles = self.methods.iter().flat_map(Method::titles);
        let by_title = titles.filter_map(|title| titled(name, title)).take(TITLES_MAX);
        let plain = readings(name).into_iter().chain(by_title).map(|reading| (reading, false));
        let of_module = without_module(name).map(|name| readings(&name)).unwrap_or_default();
        for (reading, internal) in plain.chain(of_module.into_iter().map(|reading| (reading, true))) {
            let fits = |method: &&Method<'_>| (!internal || method.is_internal) && self.fits(method, &reading);
            let mut found = self.methods.iter().filter(fits).collect::<Vec<_>>();
            if let Some(parameters) = &reading.parameters
                && found.len() > 1
            {
                found.retain(|method| method.types == *parameters);
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
    fn fits(&self, method: &Method<'_>, reading: &Reading) -> bool {
        let named = reading.label == method.name || method.title.as_ref() == Some(&reading.label);
        let types = reading.parameters.as_ref().filter(|parameters| !parameters.is_empty());
        named
            && is_end(&self.classes[method.class].path, &reading.classes)
            && types.is_none_or(|types| *types == method.types)
    }

    /// A class and those around it, from the inside out.
    pub fn around(&self, class: usize) -> Vec<&Class<'tree>> {
        let first = self.classes.get(class);
        std::iter::successors(first, |class| class.outer.and_then(|outer| self.classes.get(outer))).collect()
    }

    /// A class and those around it whose skip is its own too, from the inside out: only what is `@Nested` inherits it
    /// (JUnit 5's user guide, "Nested Tests"); a static class inside another runs by itself.
    pub fn skipped_with(&self, class: usize) -> Vec<&Class<'tree>> {
        let nested = |class: &Class<'_>| class.annotations.iter().any(|annotation| annotation.simple() == "Nested");
        let mut all = self.around(class);
        let inherited = all.iter().take_while(|class| nested(class)).count();
        all.truncate(inherited + 1);
        all
    }

    /// The methods of a class and of the classes inside it which are skipped with it.
    pub fn methods_in(&self, class: &Class<'_>) -> impl Iterator<Item = &Method<'tree>> {
        let range = class.node.byte_range();
        let id = class.node.id();
        self.methods.iter().filter(move |method| {
            range.contains(&method.node.start_byte())
                && self.skipped_with(method.class).iter().any(|around| around.node.id() == id)
        })
    }
}

/// Whether the segments are the end of a class's path, by names or titles.
pub fn is_end(path: &[Named], segments: &[String]) -> bool {
    let Some(from) = path.len().checked_sub(segments.len()) else {
        return false;
    };
    let same = |((name, title), segment): (&Named, &String)| name == segment || title.as_ref() == Some(segment);
    path[from..].iter().zip(segments).all(same)
}
