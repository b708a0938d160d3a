using Xunit;

namespace Shop.Tests;

public class GenericTests<T> : IClassFixture<Fixture<T>> where T : class, new()
{
    [Fact]
    public void Makes() => Assert.NotNull(new T());

    [Theory]
    [InlineData(1)]
    [InlineData("one")]
    public void Takes<TValue>(TValue value) { }
}

public class Fixture<T> { }
