using NUnit.Framework;

namespace Shop.Tests
{
    public class CaseTests
    {
        [TestCase(1, 2)]
        [TestCase(3, "a, b")]
        [TestCase(-1, null)]
        public void Takes(int a, object b) { }

        [TestCase(1, 2, ExpectedResult = 3)]
        [TestCase(2, 2, ExpectedResult = 4, TestName = "two and two")]
        [TestCase(1.5, 2, ExpectedResult = 3, Category = "Slow")]
        public double Adds(double a, double b) => a + b;

        [TestCaseSource(nameof(Rows))]
        public void FromSource(int a) { }

        [TestCase]
        [TestCase()]
        public void Nothing() { }

        [TestCase('x', 1L, 2.5f, true), TestCase('y', 2L, 3.5f, false)]
        [Test]
        public void Kinds(char a, long b, float c, bool d) { }

        [TestCase<int>(7)]
        public void Generic<T>(T value) { }

        [Test]
        public void Values([Values(1, 2)] int a) { }

        private static readonly int[] Rows = { 1, 2 };
    }
}
