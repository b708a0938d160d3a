<?php
class TabsTest extends PHPUnit\Framework\TestCase
{
	/** @dataProvider rows */
	public function testTabs($a)
	{
		$this->assertNotNull($a);
	}

	/** @dataProvider rows */
	public function testInline($a) { $this->assertNotNull($a); }

	public function rows()
	{
		return array(
			array(1),
			'b' => array(2),
			array(3),
		);
	}
}
