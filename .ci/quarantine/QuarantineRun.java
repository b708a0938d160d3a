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
        List<String> sources;
        try (Stream<Path> files = Files.walk(folder)) {
            sources = files.map(Path::toString).filter(name -> name.endsWith(".java")).toList();
        }
        String classpath = System.getProperty("java.class.path");
        List<String> options = List.of("-proc:none", "-nowarn", "-cp", classpath, "-d", classes.toString());
        String[] arguments = Stream.concat(options.stream(), sources.stream()).toArray(String[]::new);
        if (ToolProvider.getSystemJavaCompiler().run(null, System.err, System.err, arguments) != 0) {
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
