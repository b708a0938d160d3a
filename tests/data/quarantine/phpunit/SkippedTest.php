<?php

use PHPUnit\Framework\TestCase;

class SkippedTest extends TestCase
{
    public function testSkipped()
    {
        $this->markTestSkipped('broken since May');
        $this->fail();
    }

    public function testIncomplete()
    {
        self::markTestIncomplete();
    }

    public function testByCondition()
    {
        if (PHP_VERSION_ID < 70000) {
            $this->markTestSkipped('too old');
        }
        $this->assertTrue(true);
    }
}
