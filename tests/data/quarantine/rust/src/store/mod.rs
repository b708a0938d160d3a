mod cache;

#[test]
fn at_the_top() {
    assert!(true);
}
