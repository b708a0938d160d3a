using NUnit.Framework;

namespace Shop.Tests;

public partial class PartialTests
{
    [Test]
    public void First() { }
}

public partial class PartialTests
{
    [Test]
    public void Second() { }
}

internal abstract class BaseTests
{
    [Test]
    public void FromBase() { }
}
