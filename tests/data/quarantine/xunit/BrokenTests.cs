using Xunit;

public class BrokenTests
{
    [Fact]
    public void Whole() { }

    [Fact]
    public void Broken()
    {
        Assert.Equal(1, ;
    }
}
