pub fn set_up() {}

#[test]
fn sets_up() {
    set_up();
}
