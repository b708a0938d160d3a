//! Names of images.

/// An image as it is named: `name[:tag][@digest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    pub name: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    pub fn parse(text: &'a str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let after_folder = rest.rfind('/').map_or(0, |at| at + 1);
        match rest[after_folder..].split_once(':') {
            Some((name, tag)) => Self { name: &rest[..after_folder + name.len()], tag: Some(tag), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }

    /// Whether both are the same image: Docker Hub may be named or not, the tag counts only where `self` has one.
    pub fn is_meant_by(&self, other: &Image) -> bool {
        bare(self.name) == bare(other.name) && self.tag.is_none_or(|tag| other.tag == Some(tag))
    }

    /// The image with this digest; its tag stays, to say what it was.
    pub fn with_digest(&self, digest: &str) -> String {
        match self.tag {
            Some(tag) => format!("{}:{tag}@{digest}", self.name),
            None => format!("{}@{digest}", self.name),
        }
    }
}

fn bare(name: &str) -> &str {
    let hub = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    hub.strip_prefix("library/").unwrap_or(hub)
}

/// Whether this can be the name of an image, with or without a tag.
pub fn is_name(text: &str) -> bool {
    const LENGTH_MAX: usize = 255;
    let image = Image::parse(text);
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && !part.contains("..")
    };
    let mut parts = image.name.split('/');
    let first = parts.next().unwrap_or_default();
    // Only a registry may have a port.
    let host = first.split_once(':').map_or(first, |(host, port)| {
        if image.name.contains('/') && port.chars().all(|c| c.is_ascii_digit()) { host } else { "" }
    });
    text.len() <= LENGTH_MAX
        && image.digest.is_none()
        && plain(host)
        && parts.all(plain)
        && image.tag.is_none_or(|tag| plain(tag.trim_start_matches('_')))
}

/// The digest in full, of what a person gave.
pub fn digest(version: &str) -> Option<String> {
    let digits = version.strip_prefix("sha256:").unwrap_or(version);
    let is_one = digits.len() == 64 && digits.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    is_one.then(|| format!("sha256:{digits}"))
}
