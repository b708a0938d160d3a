namespace Shop
{
    namespace Tests
    {
        public partial class Outer
        {
            public class Inner
            {
                [Xunit.Fact]
                public void Works() { }
            }

            public class Other
            {
                [Xunit.FactAttribute]
                public void Works() { }

                [global::Xunit.Theory]
                [global::Xunit.InlineData(1)]
                public void Rows(int a) { }
            }
        }

        public record RecordTests(int Seed)
        {
            [Xunit.Fact]
            public void InRecord() { }
        }
    }
}
