using Xunit;

namespace Shop.Tests;

public abstract class AbstractTests
{
    protected abstract int Make();

    [Fact]
    public void Makes() => Assert.Equal(1, Make());
}

public class RealTests : AbstractTests
{
    protected override int Make() => 1;
}
