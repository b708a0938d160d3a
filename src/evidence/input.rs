//! Files that are no logs, told by their first bytes.

use encoding_rs::{Encoding, UTF_8};

/// So many bytes tell.
pub const HEAD: usize = 8 << 10;
/// Of a log at most one byte in so many is a control character.
const CONTROLS: usize = 33;
const TAR_AT: usize = 257;

/// Other formats by their first bytes.
const FORMATS: [(&[u8], &str); 9] = [
    (b"\xfd7zXZ\0", "compressed with xz: expand it first"),
    (b"BZh", "compressed with bzip2: expand it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: expand it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"%PDF-", "binary (PDF), not a log"),
    (b"\x7fELF", "binary (ELF), not a log"),
    (b"\x89PNG", "binary (PNG), not a log"),
    (b"\xff\xd8\xff", "binary (JPEG), not a log"),
    (b"SQLite format 3", "binary (SQLite), not a log"),
];

/// Why what begins with these bytes is not read as a log.
#[must_use]
pub fn fault(head: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = FORMATS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(what);
    }
    if head.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Some("a tar archive: unpack it first");
    }
    if Encoding::for_bom(head).is_some_and(|(encoding, _)| encoding != UTF_8) {
        return None;
    }
    let controls = head.iter().filter(|byte| is_control(**byte)).count();
    (controls * CONTROLS > head.len()).then_some("binary, not a log")
}

/// Control characters that no terminal writes: not bell, backspace, white space, shifts of character sets, escape.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, 0x07..=0x0f | 0x1b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_told_from_other_files() {
        let wide: Vec<u8> = [vec![0xff, 0xfe], "error: x".encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        let rare = [b"error: ".repeat(20), vec![0]].concat();
        for log in [&b""[..], b"error: x\n", b"\x1b[31merror\x1b[0m\r\n\x07", b"caf\xe9 au lait", &wide, &rare] {
            assert_eq!(fault(log), None, "{log:?}");
        }
        let any: Vec<u8> = (0..=255).collect();
        let tar = [vec![b'a'; TAR_AT], b"ustar".to_vec()].concat();
        for other in [&any[..], b"\x7fELF\x02", b"\0\0\0", b"BZh91AY", b"\x28\xb5\x2f\xfd\x04error: x\n", &tar] {
            assert!(fault(other).is_some(), "{other:?}");
        }
    }
}
