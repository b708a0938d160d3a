using TUnit.Core;

public class TUnitTests
{
    [Test]
    public async Task Adds() { await Assert.That(1).IsEqualTo(1); }
}
