using NUnit.Framework;
// [Test] public void Commented() { }
public class CommentsTests
{
    // The first.
    [Test] // runs always
    public void Documented()
    {
        var text = @"[Test] public void InText() { }
            [Test] public void InMore() { }";
    }

#if DEBUG
    [Test]
    public void InDebug() { }
#else
    [Test]
    public void InRelease() { }
#endif

    [TestCase(
        1,
        TestName = "spread")]
    public void Spread(int a) { }
}
