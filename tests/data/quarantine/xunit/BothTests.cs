using NUnit.Framework;
using Xunit;

public class BothTests
{
    [Fact]
    public void OfXunit() { }

    [Test]
    public void OfNunit() { }

    [Xunit.Theory]
    [InlineData(1)]
    public void TheoryOfXunit(int a) { }

    [NUnit.Framework.Theory]
    public void TheoryOfNunit(bool a) { }
}
