using NUnit.Framework;

namespace Shop.Tests;

[TestFixture]
public class CartTests
{
    [SetUp]
    public void SetUp() { }

    [Test]
    public void Adds()
    {
        Assert.That(1 + 2, Is.EqualTo(3));
    }

    [Test] public void IsOneLine() { }

    /// <summary>Counts.</summary>
    [Category("Slow")]
    [Test, Retry(2)]
    public void Counts() => Assert.Pass();

    [Test(Description = "removes the last")]
    [Category("Slow")] [Order(1)]
    public async Task Removes() { await Task.Yield(); }

    public void Helper() { }
}
