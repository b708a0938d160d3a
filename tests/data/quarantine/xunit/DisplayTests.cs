using Xunit;

public class DisplayTests
{
    [Fact(DisplayName = "1. opens (twice)")]
    public void Opens() { }

    [Theory(DisplayName = @"reads ""files""")]
    [InlineData("a.txt", 1)]
    [InlineData("b.txt", 2)]
    public void Reads(string path, int lines) { }

    [Theory]
    [InlineData("a text that is so long that the runner cuts it off at some point", 1)]
    [InlineData("a text that is short", 1)]
    public void Cuts(string text, int n) { }
}
