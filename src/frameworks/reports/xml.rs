//! Walking through an XML document without holding it. No entity is expanded but XML's own five, no document type is
//! looked at, and nothing outside the document is.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::io::BufRead;

/// Deeper elements are refused: reports have a handful of levels.
const DEPTH_MAX: usize = 64;

/// Sees the elements of a document in their order.
pub trait Visitor {
    fn start(&mut self, element: &BytesStart<'_>);
    /// The element of this name ends.
    fn end(&mut self, _name: &str) {}
    fn text(&mut self, _text: &str) {}
}

/// # Errors
/// What is wrong with the document.
pub fn walk(source: &mut dyn BufRead, visitor: &mut dyn Visitor) -> Result<(), String> {
    let mut reader = Reader::from_reader(source);
    reader.config_mut().check_end_names = false;
    let (mut buffer, mut depth) = (Vec::new(), 0_usize);
    loop {
        match reader.read_event_into(&mut buffer).map_err(|why| why.to_string())? {
            Event::Start(element) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("more than {DEPTH_MAX} levels"));
                }
                visitor.start(&element);
            }
            Event::Empty(element) => {
                visitor.start(&element);
                visitor.end(element.local_name().as_ref());
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visitor.end(element.local_name().as_ref());
            }
            Event::Text(text) => visitor.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => visitor.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

/// The value of an attribute.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok().flatten()?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// Whether a document's first element, after its declaration and comments, has one of these names.
pub fn roots(head: &[u8], names: &[&str]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut rest = text.as_ref();
    loop {
        rest = rest.trim_start();
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    let Some(rest) = rest.strip_prefix('<') else { return false };
    let name: String = rest.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '>' | '/')).collect();
    let local = name.rsplit(':').next().unwrap_or_default();
    names.contains(&local)
}
