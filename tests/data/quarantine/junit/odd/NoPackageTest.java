import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Disabled;

public class NoPackageTest { @Test void a() {} @Test void b() {} }
