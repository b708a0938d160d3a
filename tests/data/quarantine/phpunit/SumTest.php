<?php

namespace App\Tests\Unit;

use PHPUnit\Framework\TestCase;

class SumTest extends TestCase
{
    /**
     * @dataProvider sums
     */
    public function testAdds(int $a, int $b, int $sum): void
    {
        $this->assertSame($sum, $a + $b);
    }

    public static function sums(): array
    {
        return [
            'two' => [1, 1, 2],
            "three" => [1, 2, 3],
            [2, 2, 4],
            'it\'s five' => [2, 3, 5],
            7 => [3, 3, 6],
        ];
    }

    /** @dataProvider differences */
    public function testSubtracts(int $a, int $b): void
    {
        $this->assertGreaterThan(0, $a - $b);
    }

    public static function differences(): iterable
    {
        yield 'small' => [2, 1];
        yield [3, 1];
        yield 'large' => [900, 1];
    }

    /**
     * @dataProvider computed
     */
    public function testComputes(int $n): void
    {
        $this->assertGreaterThan(0, $n);
    }

    public static function computed(): array
    {
        return array_map(fn (int $n) => [$n], range(1, 4));
    }

    /** @dataProvider \App\Tests\Unit\Numbers::all */
    public function testElsewhere(int $n): void { $this->assertGreaterThan(0, $n); }
}

class Numbers
{
    public static function all(): array
    {
        return ['one' => [1]];
    }
}
