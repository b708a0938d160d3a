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

public class EndedTests
{
    [Test]
    [Ignore("until the fix", Until = "2020-01-31")]
    public void Ended() { }

    [Test, Ignore("for long", Until = "2099-01-31 12:00:00Z")]
    public void Lasts() { }

    [TestCase(1, Ignore = "until the fix", Until = "2020-01-31")]
    [TestCase(2, Ignore = "for long", Until = "2099-01-31")]
    public void ByCase(int a) { }
}

[Ignore("the whole class", Until = "2020-01-31")]
public class EndedClassTests
{
    [Test]
    public void InClass() { }
}
