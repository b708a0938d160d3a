mod common;

use rstest::rstest;

#[rstest]
#[case(1, 2)]
#[case::big(10, 20)]
fn doubles(#[case] input: u32, #[case] wanted: u32) {
    assert_eq!(input * 2, wanted);
}

#[rstest]
#[ignore = "only this case"]
#[case(1)]
#[case(2)]
fn one_case_is_ignored(#[case] input: u32) {
    assert!(input > 0);
}

#[rstest]
fn all_values(#[values(1, 2, 3)] input: u32) {
    assert!(input > 0);
}

#[test]
fn plain() {
    common::set_up();
}
