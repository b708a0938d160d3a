<?php

use PHPUnit\Framework\TestCase;

final class ExpectTest extends TestCase
{
    /**
     * Throws.
     *
     * @group slow
     * @testdox It throws
     */
    final public function testThrows(): void
    {
        $this->expectException(RuntimeException::class);

        throw new RuntimeException('no');
    }

    /** @depends testThrows */
    public function testAfter(): void
    {
        $this->assertTrue(true);
    }
}
