plugins {
    kotlin("jvm") version "1.9.10"
    id("com.diffplug.spotless").version("6.20.0")
}

val ktor = "2.3.4"

dependencies {
    implementation(platform("org.springframework.boot:spring-boot-dependencies:3.1.3"))
    implementation("org.springframework.boot:spring-boot-starter")
    implementation("io.ktor:ktor-server-core:$ktor")
    implementation("io.ktor:ktor-server-netty:$ktor")
    testImplementation(group = "org.junit.jupiter", name = "junit-jupiter", version = "5.10.0")
    val text = """
        com.example:notcode:1.0
    """
}
