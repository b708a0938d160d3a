using NUnit.Framework;

public class SkippedTests
{
    [Test, Ignore("broken since May")]
    public void ByIgnore() { }

    [Ignore("broken")]
    [TestCase(1)]
    public void AllCases(int a) { }

    [TestCase(1, Ignore = "this case")]
    [TestCase(2, Explicit = true)]
    [TestCase(3)]
    [TestCase(4, IgnoreReason = "that case")]
    public void ByCase(int a) { }

    [Test]
    [Explicit]
    public void ByExplicit() { }
}

[Ignore("the whole class")]
public class IgnoredTests
{
    [Test]
    public void InClass() { }
}
