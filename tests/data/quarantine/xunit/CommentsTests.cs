// [Fact] public void Commented() { }
using Xunit;

/* [Fact]
   public void InBlock() { } */
public class CommentsTests
{
    /// <summary>Has a <c>doc</c>.</summary>
    [Fact] // runs always
    public void Documented()
    {
        var text = "[Fact] public void InText() { }";
        var raw = """
            [Fact]
            public void InRawText() { }
            """;
    }

#if NET8_0_OR_GREATER
    [Fact]
    public void OnNewRuntimes() { }
#endif

    #region more
    [Fact(
        DisplayName = "is spread",
        Timeout = 100
    )]
    public void Spread() { }
    #endregion
}
