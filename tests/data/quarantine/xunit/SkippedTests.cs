using Xunit;

public class SkippedTests
{
    private const string Reason = "broken";

    [Fact(Skip = "broken since May")]
    public void ByText() { }

    [Fact(Skip = Reason)]
    public void ByConstant() { }

    [Theory(Skip = "all rows")]
    [InlineData(1)]
    public void ByTheory(int a) { }

    [Theory]
    [InlineData(1, Skip = "this row")]
    [InlineData(2)]
    public void ByRow(int a) { }

    [Fact(Skip = null)]
    public void NotReally() { }
}
