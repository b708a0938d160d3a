//! The audit as lines for other programs: each entry once, in order, through restarts and through logs that take nothing.

use super::{Place, Program};
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::ports::{Spot, Trail};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket, UnixDatagram};

async fn world(audit: &str) -> World {
    World::with(Setup { slack: false, config: format!("[audit]\n{audit}\n"), ..Setup::default() }).await
}

/// Hands over until there is nothing left, or a log takes nothing.
async fn hand_over(world: &World) {
    while world.app.engine.hand_over_trail().await.unwrap() {}
}

fn lines(path: &Path) -> Vec<Trail> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

/// Every entry that the store's journals have, by incident and number.
async fn stored(world: &World) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    for name in world.store.audited().await.unwrap() {
        let found = world.store.audit(&name, None, 10_000).await.unwrap();
        all.extend(found.into_iter().map(|(Spot { incident, entry, .. }, _)| (incident.0, entry)));
    }
    all.sort_unstable();
    all
}

/// Numbered from 1 without a gap, and what the journals have.
async fn are_all(entries: &[Trail], world: &World) {
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.n).collect();
    assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>());
    let mut places: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.incident, entry.entry)).collect();
    for (incident, _) in places.clone() {
        let own: Vec<u64> = places.iter().filter(|(no, _)| *no == incident).map(|(_, entry)| *entry).collect();
        assert!(own.is_sorted(), "of incident {incident}: {own:?}");
    }
    places.sort_unstable();
    assert_eq!(places, stored(world).await);
    assert!(!entries.is_empty());
}

#[tokio::test]
async fn a_file_has_each_entry_once_in_order_over_restarts_and_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let mut world = world(&format!("file = \"{}\"", path.display())).await;
    world.broken_run(NETWORK_LOG, "success").await;
    hand_over(&world).await;
    let first = lines(&path);
    are_all(&first, &world).await;
    assert!(
        first.iter().any(|entry| entry.action == "opened" && entry.repo.as_deref() == Some("acme/shop")),
        "{first:?}"
    );
    // Stored and not handed over when the process ends.
    world.broken_run(crate::world::LINT_LOG, "success").await;
    world.restart().await;
    std::fs::rename(&path, dir.path().join("audit.1.jsonl")).unwrap();
    hand_over(&world).await;
    let second = lines(&path);
    assert!(!second.is_empty());
    are_all(&[first, second].concat(), &world).await;
    hand_over(&world).await;
    assert_eq!(world.store.settings("trail:").await.unwrap(), Vec::new(), "what was taken is not kept");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    world.end().await;
}

#[tokio::test]
async fn a_log_that_takes_nothing_holds_nobody_up_and_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let (file, full) = (dir.path().join("audit.jsonl"), dir.path().join("gone/audit.jsonl"));
    let socket = dir.path().join("log");
    let world = world(&format!("file = \"{}\"\nsyslog = \"unix:{}\"", full.display(), socket.display())).await;
    world.broken_run(NETWORK_LOG, "success").await;
    // Both fail: the directory and the daemon are not there.
    hand_over(&world).await;
    assert_eq!(world.incidents().await.len(), 1, "the engine goes on");
    let daemon = UnixDatagram::bind(&socket).unwrap();
    hand_over(&world).await;
    // One log is not held up by the other.
    for _ in stored(&world).await {
        daemon.recv(&mut [0; 4_096]).await.unwrap();
    }
    assert!(!world.store.settings("trail:").await.unwrap().is_empty(), "they are kept for the other");
    std::fs::create_dir(dir.path().join("gone")).unwrap();
    hand_over(&world).await;
    are_all(&lines(&full), &world).await;
    assert!(daemon.try_recv(&mut [0; 1]).is_err(), "nothing comes twice");
    assert!(!file.exists());
    world.end().await;
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_line() {
    // Whatever is written to it fails for want of room.
    let world = world("file = \"/dev/full\"").await;
    world.broken_run(NETWORK_LOG, "success").await;
    hand_over(&world).await;
    assert_eq!(world.incidents().await.len(), 1);
    let kept = world.store.settings("trail:").await.unwrap();
    assert_eq!(kept.len(), stored(&world).await.len());
    world.end().await;
}

#[tokio::test]
async fn syslog_gets_them_by_datagram_and_by_stream() {
    let daemon = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let by_udp = world(&format!("syslog = \"udp://{}\"", daemon.local_addr().unwrap())).await;
    by_udp.broken_run(NETWORK_LOG, "success").await;
    hand_over(&by_udp).await;
    let mut entries = Vec::new();
    for _ in stored(&by_udp).await {
        let mut room = [0; 4_096];
        let length = daemon.recv(&mut room).await.unwrap();
        entries.push(read(std::str::from_utf8(&room[..length]).unwrap()));
    }
    are_all(&entries, &by_udp).await;
    by_udp.end().await;

    let daemon = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let by_tcp = world(&format!("syslog = \"tcp://{}\"", daemon.local_addr().unwrap())).await;
    by_tcp.broken_run(NETWORK_LOG, "success").await;
    hand_over(&by_tcp).await;
    let (mut stream, _) = daemon.accept().await.unwrap();
    let mut entries = Vec::new();
    for _ in stored(&by_tcp).await {
        entries.push(read(&counted(&mut stream).await));
    }
    are_all(&entries, &by_tcp).await;
    by_tcp.end().await;
}

/// A message of a stream: its length, a space, and so many bytes.
async fn counted(stream: &mut tokio::net::TcpStream) -> String {
    let mut length = String::new();
    loop {
        let letter = char::from(stream.read_u8().await.unwrap());
        if letter == ' ' {
            break;
        }
        length.push(letter);
    }
    let mut bytes = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// `<110>1 TIME HOST ci-rescue PID KIND - JSON`
fn read(message: &str) -> Trail {
    let parts: Vec<&str> = message.splitn(8, ' ').collect();
    let entry: Trail = serde_json::from_str(parts[7]).unwrap();
    assert_eq!(
        (parts[0], parts[1], parts[3], parts[5], parts[6]),
        ("<110>1", &*entry.at, "ci-rescue", &*entry.action, "-")
    );
    entry
}

/// By the real program, before it does anything.
#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let place = Place::new().await;
    let wrong = place.configure("", "", "[audit]\nsyslog = \"logs.example.org\"");
    let (status, _, lines) = Program::start(&wrong).end().await;
    let told = format!("{lines:?}");
    assert!(status == Some(2) && told.contains("audit.syslog") && told.contains("udp://host:514"), "{told}");
}
