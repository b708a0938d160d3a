#[test]
fn first() {}

#[cfg(any())]
mod never {
    #[test]
    fn first() {}
}
