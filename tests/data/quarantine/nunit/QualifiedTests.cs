namespace Shop.Tests
{
    public class QualifiedTests
    {
        [NUnit.Framework.Test]
        public void Works() { }

        [NUnit.Framework.TestCase(1)]
        [NUnit.Framework.TestCaseAttribute(2)]
        public void Cases(int a) { }
    }
}
