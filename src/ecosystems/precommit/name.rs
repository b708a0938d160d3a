//! Names of repositories that hold hooks: whole addresses, or owner and name.

/// Longer names are none.
const NAME_MAX: usize = 200;

/// An address without its scheme, account and `.git`: `github.com/psf/black`. None for what is no such name.
pub fn plain(name: &str) -> Option<String> {
    let schemes = ["https://", "http://", "git://", "ssh://"];
    let rest = schemes.iter().find_map(|scheme| name.strip_prefix(scheme)).unwrap_or(name);
    let path = match rest.strip_prefix("git@") {
        Some(account) => account.replacen(':', "/", 1),
        None => rest.to_owned(),
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let fits = |part: &str| {
        !part.starts_with(['-', '.'])
            && !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
    };
    let is_name = name.len() <= NAME_MAX && path.contains('/') && path.split('/').all(fits);
    is_name.then(|| path.to_ascii_lowercase())
}

/// Whether `package`, made plain, means the repository at this address: its whole path, or owner and name.
pub fn is_meant(package: &str, address: &str) -> bool {
    plain(address).is_some_and(|address| {
        let end = address.strip_suffix(package);
        end.is_some_and(|host| host.is_empty() || host.ends_with('/') && package.split('/').count() == 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape() {
        for (package, address, want) in [
            ("psf/black", "https://github.com/psf/black", true),
            ("PSF/Black", "https://github.com/psf/black.git", true),
            ("https://github.com/psf/black/", "git@github.com:psf/black", true),
            ("github.com/psf/black", "https://github.com/psf/black", true),
            ("sf/black", "https://github.com/psf/black", false),
            ("gitlab.com/psf/black", "https://github.com/psf/black", false),
            ("b/c", "https://gitlab.com/a/b/c", true),
            ("psf/black", "local", false),
        ] {
            assert_eq!(plain(package).is_some_and(|package| is_meant(&package, address)), want, "{package} {address}");
        }
        for none in ["black", "", "a//b", "../a", "-a/b", "a/b c", "file:///a/b", "a/b@v1"] {
            assert_eq!(plain(none), None, "{none}");
        }
    }
}
