//! The README tells the truth about the grammar.

use std::path::Path;

#[test]
fn the_command_table_is_that_of_the_manifests() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let table = ci_rescue::command::table();
    assert!(text.contains(&table), "README.md needs this table:\n{table}");
}
