import org.junit.Test

class NoPackageTest { @Test fun a() {}; @Test fun b() {} }
