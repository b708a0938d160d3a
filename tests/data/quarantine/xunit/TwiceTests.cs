using Xunit;

namespace A
{
    public class TwiceTests
    {
        [Fact] public void Same() { }
        [Theory, InlineData(1)] public void Overloaded(int a) { }
        [Theory, InlineData("1")] public void Overloaded(string a) { }
    }
}

namespace B.A
{
    public class TwiceTests
    {
        [Fact] public void Same() { }
    }
}
