using System.Threading.Tasks;
using Xunit;

namespace Shop.Tests;

public class CartTests
{
    [Fact]
    public void Adds()
    {
        Assert.Equal(3, 1 + 2);
    }

    [Fact()]
    public void Counts() => Assert.Single(new[] { 1 });

    [Fact(DisplayName = "removes the last item")]
    public async Task Removes()
    {
        await Task.Yield();
    }

    [Fact, Trait("Category", "Slow")]
    public void IsSlow() { }

    [Fact(Timeout = 500), Trait("Category", "Slow")] public void IsTimed() { }

    public void Helper()
    {
        void Adds() { }
        Adds();
    }
}
