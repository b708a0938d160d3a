using NUnit.Framework;

namespace A
{
    [TestFixture]
    class Outer
    {
        [TestFixture]
        class Inner
        {
            [Test]
            public void Works()
            {
                [Test] void Works() { }
                Works();
            }
        }

        struct Also
        {
            [Test]
            public void Works() { }
        }
    }
}

namespace B
{
    class Outer { class Inner { [Test] public void Works() { } } }
}
