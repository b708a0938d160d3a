<?php

namespace App\Tests;

use PHPUnit\Framework\Attributes\{CoversNothing, DataProvider, Test, TestWith};
use PHPUnit\Framework\TestCase;

#[CoversNothing]
final class AttributesTest extends TestCase
{
    #[Test]
    public function adds(): void
    {
        self::assertSame(2, 1 + 1);
    }

    #[Test, DataProvider('rows')]
    public function multiplies(int $a): void
    {
        self::assertSame($a, $a * 1);
    }

    #[TestWith([1])]
    #[TestWith([2])]
    public function testWith(int $a): void
    {
        self::assertGreaterThan(0, $a);
    }

    public static function rows(): \Generator
    {
        yield 'one' => [1];
        yield 'two' => [2];
    }
}
