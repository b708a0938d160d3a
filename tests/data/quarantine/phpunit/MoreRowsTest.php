<?php

namespace App\Tests;

use PHPUnit\Framework\TestCase;

class MoreRowsTest extends TestCase
{
    private const KEY = 'from a constant';

    /**
     * @dataProvider mixed
     * @dataProvider more
     */
    public function testMixed(int $n): void
    {
        $this->assertGreaterThan(0, $n);
    }

    public function mixed(): array
    {
        return [
            [1],
            self::KEY => [2],
            'last (2)' => [3],
            [4],
        ];
    }

    public function more(): array
    {
        return ['more' => [5]];
    }
}
