<?php

namespace App\Tests;

use PHPUnit\Framework\TestCase;

abstract class AbstractTest extends TestCase
{
    abstract protected function make(): array;

    abstract public function testAbstract(): void;

    public function testMakes(): void
    {
        $this->assertNotEmpty($this->make());
    }
}

trait Counting
{
    public function testCountsInTrait(): void
    {
        $this->assertCount(1, $this->make());
    }
}
