<?php

declare(strict_types=1);

namespace App\Tests;

use PHPUnit\Framework\TestCase;

final class CartTest extends TestCase
{
    private array $items = [];

    protected function setUp(): void
    {
        $this->items = [1, 2];
    }

    public function testAdds(): void
    {
        $this->assertSame(3, array_sum($this->items));
    }

    public function testCounts(): void { $this->assertCount(2, $this->items); }

    /**
     * @test
     */
    public function it_has_a_first(): void
    {
        // the first is 1

        self::assertSame(1, $this->items[0]);
    }

    public function testEmptyBody(): void
    {
    }

    private function helper(): string
    {
        return 'testAdds';
    }
}
