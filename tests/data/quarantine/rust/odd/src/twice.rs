#[cfg(unix)]
#[test]
fn on_both() {}

#[cfg(windows)]
#[test]
fn on_both() {}

#[wasm_bindgen_test]
fn in_browser() {}

#[sqlx::test(migrations = "m")]
async fn with_database(pool: Pool) {
    pool.close().await;
}

#[actix_web::test]
async fn with_server() {}

#[test_case(
    1,
    2
)]
fn over_lines(a: u8, b: u8) {}

#[proptest]
fn attribute_property(a: u8) {}
