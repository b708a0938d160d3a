//! 7: each write may fail with each error that a disk knows, a disk may be read-only, a process may be paused: what was
//! acknowledged is there, the rest is refused, and it comes back by itself.

use super::disk::{Disk, PATIENCE, Program};
use std::fs::{self, File};
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

/// As Linux numbers them: no room, an error of the device, a file system that was made read-only.
const ERRORS: [i32; 3] = [28, 5, 30];
/// The first of how many writes fails in turn. A delivery is a few.
const WRITES: i32 = 12;
/// How many fail in a row: then the disk is well again.
const FAILING: i32 = 3;
/// Deliveries in which they have to.
const TRIES: u32 = 100;

/// A disk whose writes fail when they are told to.
struct Faulty {
    dir: TempDir,
    told: File,
}

impl Faulty {
    async fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/strangers/faulty.c");
        let mut compiler = Command::new("cc");
        let made = compiler.args(["-shared", "-fPIC", "-o"]).arg(dir.path().join("faulty.so")).args([source, "-ldl"]);
        if !made.status().await.is_ok_and(|status| status.success()) {
            eprintln!("skipped: there is no C compiler");
            return None;
        }
        let path = dir.path().join("told");
        fs::write(&path, [0_u8; 12]).unwrap();
        let told = File::options().read(true).write(true).open(path).unwrap();
        Some(Self { dir, told })
    }

    /// What goes before the program.
    fn before(&self, store: &Path) -> String {
        let (library, told) = (self.dir.path().join("faulty.so"), self.dir.path().join("told"));
        let [library, told, store] = [library.as_path(), told.as_path(), store].map(Path::display);
        format!("export LD_PRELOAD='{library}' FAULTY_DISK='{told}' FAULTY_DIR='{store}';")
    }

    /// After so many writes, so many fail with this error.
    fn tell(&self, after: i32, failing: i32, error: i32) {
        // What begins it comes last.
        for (at, number) in [(8, error), (0, after), (4, failing)] {
            self.told.write_all_at(&number.to_ne_bytes(), at).unwrap();
        }
    }

    /// How many are still to fail.
    fn left(&self) -> i32 {
        let mut bytes = [0; 4];
        self.told.read_exact_at(&mut bytes, 4).unwrap();
        i32::from_ne_bytes(bytes)
    }
}

/// Only a hang is longer.
async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("{what}: it hangs"))
}

#[tokio::test]
async fn threat_044_whichever_write_fails_it_comes_back_with_what_it_acknowledged() {
    let Some(faulty) = Faulty::new().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let program = Program::start(dir.path(), &store, &faulty.before(&store)).await;
    program.until(200).await;
    let (mut kept, mut refused, mut n) = (Vec::new(), 0, 0);
    for error in ERRORS {
        for after in 0..WRITES {
            let what = format!("error {error} after {after} writes");
            faulty.tell(after, FAILING, error);
            let begun = n;
            while faulty.left() > 0 {
                n += 1;
                assert!(n < begun + TRIES, "{what}: no write fails");
                match soon(&what, program.deliver(n)).await.0 {
                    202 => kept.push(n),
                    503 => refused += 1,
                    other => panic!("{what}: {other}"),
                }
            }
            program.until(200).await;
            n += 1;
            assert_eq!(soon(&what, program.deliver(n)).await, (202, false), "{what}: the disk is well again");
            kept.push(n);
        }
    }
    assert!(refused > 0, "no write of a delivery ever failed");
    for n in &kept {
        assert_eq!(soon("again", program.deliver(*n)).await, (202, true), "{n} was acknowledged");
    }
    soon("stopping", program.stop()).await;
    let program = Program::start(dir.path(), &store, "").await;
    for n in &kept {
        assert_eq!(program.deliver(*n).await, (202, true), "{n} was acknowledged before the restart");
    }
    program.stop().await;
}

#[tokio::test]
async fn threat_044_a_store_that_may_only_be_read_is_refused_and_left_alone() {
    let Some(disk) = Disk::mount().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = disk.0.path().join("store");
    let program = Program::start(dir.path(), &store, "").await;
    for n in 0..3 {
        assert_eq!(program.deliver(n).await, (202, false));
    }
    program.stop().await;
    let remount = async |how: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(disk.0.path()).status().await.unwrap().success()
    };
    assert!(remount("ro").await);
    let mut again = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    again.args(["serve", "--config"]).arg(dir.path().join("ci-rescue.toml")).env_remove("RUST_LOG").kill_on_drop(true);
    let done = soon("a read-only store", again.output()).await.unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && errors.contains("Read-only file system"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(remount("rw").await);
    let program = Program::start(dir.path(), &store, "").await;
    for n in 0..3 {
        assert_eq!(program.deliver(n).await, (202, true), "{n} was acknowledged");
    }
    program.stop().await;
}

/// Whoever is paused is asked meanwhile, and answers when it goes on.
#[tokio::test]
async fn threat_047_a_process_that_is_paused_takes_everything_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &dir.path().join("store"), "").await;
    for round in 0..3 {
        program.signal("-STOP").await;
        let sends = futures::future::join_all((0..20).map(|n| program.deliver(round * 20 + n)));
        let (answers, ()) = soon("paused", async { tokio::join!(sends, program.signal("-CONT")) }).await;
        assert!(answers.iter().all(|answer| *answer == (202, false)), "{answers:?}");
    }
    for n in 0..60 {
        assert_eq!(program.deliver(n).await, (202, true), "{n} was acknowledged");
    }
    program.stop().await;
}
