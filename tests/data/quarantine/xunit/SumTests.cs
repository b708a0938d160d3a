using System.Collections.Generic;
using Xunit;

namespace Shop.Tests
{
    public class SumTests
    {
        [Theory]
        [InlineData(1, 2, 3)]
        [InlineData(-1, 2, 1)]
        [InlineData(0x10, 1_000, 1016)]
        public void Adds(int a, int b, int sum)
        {
            Assert.Equal(sum, a + b);
        }

        [Theory, InlineData("a, b", null), InlineData("quote \" and \\ back", true)]
        [InlineData(@"C:\temp", false)]
        public void Reads(string text, bool? flag) { }

        [Theory]
        [InlineData(1.5, 'x', typeof(int))]
        [InlineData(2, 'y', typeof(string))]
        [InlineData(Color.Red, 'z', null)]
        [InlineData]
        public void Mixes(object a, char b, object c) { }

        [Theory]
        [MemberData(nameof(Rows))]
        public void FromMembers(int a) { }

        [Theory(DisplayName = "divides")]
        [InlineData(4, 2)]
        [InlineData(4, 2)]
        public void Divides(int a, int b) { }

        public static IEnumerable<object[]> Rows => new[] { new object[] { 1 } };

        public enum Color { Red }
    }
}
