using NUnit.Framework;

public class BrokenTests
{
    [Test]
    public void Broken()
    {
        Assert.That(1, ;
    }
}
