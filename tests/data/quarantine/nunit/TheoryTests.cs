using NUnit.Framework;

public class TheoryTests
{
    [DatapointSource]
    public int[] Points = { 1, 2 };

    [Theory]
    public void Holds(int a) { }
}
