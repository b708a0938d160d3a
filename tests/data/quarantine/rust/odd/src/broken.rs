#[test]
fn whole() {}

#[test]
fn broken() {
    let = ;
}
