use std::time::Duration;

pub fn lifetime() -> Duration {
    Duration::from_secs(3)
}

#[cfg(test)]
mod test {
    use super::lifetime;
    use test_case::test_case;

    #[test_case(1; "one")]
    #[test_case(2; "two is more")]
    fn is_longer(seconds: u64) {
        assert!(lifetime().as_secs() > seconds);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn awaits() {
        std::future::ready(1).await;
    }

    #[tokio::test]
    #[cfg(not(miri))]
    async fn awaits_too() {}
}
