mod steps;

#[test]
fn runs() {}
