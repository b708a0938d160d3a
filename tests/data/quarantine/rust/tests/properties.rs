use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Doubling is even.
    #[test]
    fn doubling_is_even(a in 0u32..1000) {
        prop_assert_eq!(a * 2 % 2, 0);
    }

    #[test]
    fn order_is_kept(a in 0u32..10, b in 10u32..20) {
        let text = "#[test] fn in_a_message() {}";
        prop_assert!(a < b, "{}", text);
    }
}

macro_rules! check {
    ($name:ident) => {
        #[test]
        fn $name() {}
    };
}

check!(made_by_macro);

macro_rules! all {
    ($($tokens:tt)*) => { $($tokens)* };
}

all! {
    mod grouped {
        #[test]
        pub fn in_group() {}
    }
}
