//! A cache, a canary, a proxy of Go modules, and tools that are traps.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ci_rescue::adapters::resolver::{Request, ResolveError, Resolver};
use ci_rescue::domain::edit::Source;
use tempfile::TempDir;

pub struct World {
    dir: TempDir,
}

impl World {
    /// Every program for version control is a trap here.
    pub fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        for trap in ["git", "hg", "svn", "bzr", "fossil", "yarn", "pnpm", "corepack"] {
            world.tool(trap, "touch @CANARY@; exit 1");
        }
        world
    }

    pub fn canary(&self) -> PathBuf {
        self.dir.path().join("canary")
    }

    /// A program that is found before the real one. `@CANARY@` stands for the canary's path.
    pub fn tool(&self, name: &str, script: &str) {
        let bin = self.dir.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let script = format!("#!/bin/sh\n{}\n", self.filled(script));
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn filled(&self, text: &str) -> String {
        text.replace("@CANARY@", &self.canary().display().to_string())
    }

    fn path(&self, with_real: bool) -> OsString {
        let real = std::env::var_os("PATH").unwrap_or_default();
        let real = std::env::split_paths(&real).filter(|_| with_real);
        std::env::join_paths([self.dir.path().join("bin")].into_iter().chain(real)).unwrap()
    }

    pub fn resolver(&self) -> Resolver {
        self.resolver_with(true)
    }

    /// One that finds the programs of this world alone, and `/usr/bin`'s behind them where `with_real` is set.
    pub fn resolver_with(&self, with_real: bool) -> Resolver {
        let path = self.path(with_real);
        let proxy = format!("file://{}", self.dir.path().join("proxy").display());
        Resolver::new(self.dir.path().join("cache"), move |name: &str| match name {
            "PATH" => Some(path.clone()),
            "GOPROXY" => Some(format!("{proxy},direct").into()),
            "GOSUMDB" => Some("off".into()),
            name => std::env::var_os(name),
        })
    }

    pub fn files(&self, files: &[(&str, &str)]) -> Vec<Source> {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), text: self.filled(text) };
        files.iter().map(source).collect()
    }

    pub fn request(&self, ecosystem: &str, package: &str, version: &str, files: &[(&str, &str)]) -> Request {
        Request {
            ecosystem: ecosystem.to_owned(),
            package: package.to_owned(),
            version: version.to_owned(),
            files: self.files(files),
        }
    }

    /// A version of a module in the proxy of files.
    pub fn module(&self, path: &str, version: &str, go_mod: &str, sources: &[(&str, &str)]) {
        let dir = self.dir.path().join("proxy").join(path).join("@v");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(format!("{version}.mod")), go_mod).unwrap();
        let info = format!("{{\"Version\":\"{version}\",\"Time\":\"2024-01-01T00:00:00Z\"}}");
        fs::write(dir.join(format!("{version}.info")), info).unwrap();
        let mut list = fs::OpenOptions::new().create(true).append(true).open(dir.join("list")).unwrap();
        writeln!(list, "{version}").unwrap();
        let mut zip = zip::ZipWriter::new(fs::File::create(dir.join(format!("{version}.zip"))).unwrap());
        let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, text) in [("go.mod", go_mod)].iter().chain(sources) {
            zip.start_file(format!("{path}@{version}/{name}"), plain).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    /// `lib` needs `deep` of the same version.
    pub fn modules(&self) {
        for version in ["v1.0.0", "v1.1.0"] {
            let needs = format!("module example.com/lib\n\ngo 1.18\n\nrequire example.com/deep {version}\n");
            self.module(
                "example.com/lib",
                version,
                &needs,
                &[("lib.go", "package lib\n\nimport _ \"example.com/deep\"\n")],
            );
            self.module(
                "example.com/deep",
                version,
                "module example.com/deep\n\ngo 1.18\n",
                &[("x.go", "package deep\n")],
            );
        }
    }

    pub fn no_room_is_left(&self) -> bool {
        fs::read_dir(self.dir.path().join("cache/rooms")).map_or(true, |mut rooms| rooms.next().is_none())
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

pub fn is_installed(tool: &str) -> bool {
    let found = std::process::Command::new(tool).arg(if tool == "go" { "version" } else { "--version" }).output();
    let is = found.is_ok_and(|out| out.status.success());
    if !is {
        eprintln!("skipped: {tool} is not installed");
    }
    is
}

/// The answer; none, and said so, where the registry is not reached.
pub fn reached<T>(answer: Result<T, ResolveError>) -> Option<Result<T, ResolveError>> {
    match answer {
        Err(ResolveError::Failed { is_passing: true, why, .. }) => {
            eprintln!("skipped: the registry was not reached: {why}");
            None
        }
        answer => Some(answer),
    }
}
