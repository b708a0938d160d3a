using Xunit;

public class XunitOnlyTests
{
    [Fact]
    public void Adds() { }

    [Theory]
    [InlineData(1)]
    public void Rows(int a) { }
}
