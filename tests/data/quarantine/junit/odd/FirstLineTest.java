@org.junit.jupiter.api.DisplayName("first line") class FirstLineTest {
    @org.junit.jupiter.api.Test
    void a() {}
}
