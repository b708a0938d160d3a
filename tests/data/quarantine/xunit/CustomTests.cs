using Xunit;

namespace Shop.Tests;

public class CustomTests
{
    [SkippableFact]
    public void MaySkip() { }

    [StaFact(DisplayName = "shows a window")]
    public void Shows() { }

    [ConditionalTheory(typeof(Net), nameof(Net.IsUp))]
    [InlineData("http")]
    public void Connects(string scheme) { }

    [RetryFact(MaxRetries = 3)]
    public void Retries() { }
}
