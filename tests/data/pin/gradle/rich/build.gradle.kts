dependencies {
    constraints {
        implementation("com.squareup.okio:okio") {
            version {
                strictly("3.2.0") // tested
            }
        }
    }
    implementation("com.example:given:1.0") {
        version { strictly(given) }
    }
}
