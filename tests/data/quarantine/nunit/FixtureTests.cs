using NUnit.Framework;

namespace Shop.Tests;

[TestFixture("chrome")]
[TestFixture("firefox")]
[Parallelizable(ParallelScope.All)]
public sealed class FixtureTests(string browser)
{
    [Test]
    public void Opens() => Assert.That(browser, Is.Not.Empty);

    [Test]
    public void Closes() { }

    public class Inner
    {
        [Test]
        public void Works() { }
    }
}
