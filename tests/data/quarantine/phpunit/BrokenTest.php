<?php

class BrokenTest extends PHPUnit\Framework\TestCase
{
    public function testWhole(): void
    {
        $this->assertTrue(true);
    }

    public function testBroken(): void
    {
        $this->assertTrue(;
    }
}
