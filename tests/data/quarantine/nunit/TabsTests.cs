		class TabsTests
		{
			[Test]
			public void Tabs() { }

			[Test] public void A() { } [Test] public void B() { }
		}
