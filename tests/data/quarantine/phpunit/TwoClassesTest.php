<?php

namespace App\Tests;

use PHPUnit\Framework\TestCase;

class TwoClassesTest extends TestCase
{
    public function testSame(): void
    {
        $this->assertTrue(true);
    }
}

class OtherTest extends TestCase
{
    protected function setUp(): void { parent::setUp(); }

    public function testSame(): void
    {
        $this->assertTrue(true);
    }

    public function testOther(): void
    {
        $helper = new class {
            public function testSame(): bool
            {
                return true;
            }
        };
        $this->assertTrue($helper->testSame());
    }
}
