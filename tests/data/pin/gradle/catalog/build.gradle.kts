dependencies { implementation(libs.ktor.core) }
