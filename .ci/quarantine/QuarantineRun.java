import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Compiles and runs each folder of the arguments for itself; prints `folder <tab> test <tab> outcome`. */
public class QuarantineRun {
    private static final PrintStream OUT = System.out;

    public static void main(String[] folders) throws Exception {
        System.setOut(System.err);
        for (String folder : folders) {
            run(Path.of(folder));
        }
        System.exit(0);
    }

    private static void run(Path folder) throws Exception {
        Path classes = Files.createDirectories(folder.resolve("classes"));
        String classpath = System.getProperty("java.class.path");
        List<String> kotlin = sources(folder, ".kt");
        List<String> java = sources(folder, ".java");
        boolean done = kotlin.isEmpty()
            || compileKotlin(with(kotlin, "-no-stdlib", "-no-reflect", "-nowarn", "-jvm-target", "1.8",
                "-Xallow-kotlin-package", "-cp", classpath, "-d", classes.toString()));
        done = done && (java.isEmpty() || ToolProvider.getSystemJavaCompiler().run(null, System.err, System.err,
            with(java, "-proc:none", "-nowarn", "-cp", classpath, "-d", classes.toString())) == 0);
        if (!done) {
            throw new IllegalStateException(folder + " does not compile");
        }
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
            Thread.currentThread().setContextClassLoader(loader);
            LauncherFactory.create().execute(
                LauncherDiscoveryRequestBuilder.request()
                    .selectors(DiscoverySelectors.selectClasspathRoots(Set.of(classes)))
                    .filters(ClassNameFilter.includeClassNamePatterns(".*"))
                    .build(),
                new Report(folder));
        }
    }

    private static List<String> sources(Path folder, String ending) throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).filter(name -> name.endsWith(ending)).toList();
        }
    }

    private static String[] with(List<String> sources, String... options) {
        return Stream.concat(Stream.of(options), sources.stream()).toArray(String[]::new);
    }

    /** The compiler is there only where Kotlin's samples are run. */
    private static boolean compileKotlin(String[] arguments) throws Exception {
        Class<?> compiler = Class.forName("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler");
        Object code = compiler.getMethod("exec", PrintStream.class, String[].class)
            .invoke(compiler.getConstructor().newInstance(), System.err, arguments);
        return code.toString().equals("OK");
    }

    private record Report(Path folder) implements TestExecutionListener {
        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            say(test, "skipped");
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            say(test, switch (result.getStatus()) {
                case SUCCESSFUL -> "passed";
                case ABORTED -> "skipped";
                case FAILED -> "failed";
            });
        }

        private void say(TestIdentifier test, String outcome) {
            OUT.println(folder + "\t" + test.getUniqueId() + "\t" + outcome);
        }
    }
}
