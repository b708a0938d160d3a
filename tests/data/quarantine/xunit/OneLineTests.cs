using Xunit;
public class OneLineTests { [Fact] public void A() { } [Fact] public void B() { } [Theory] [InlineData(1)] [InlineData(2)] public void C(int a) { } }