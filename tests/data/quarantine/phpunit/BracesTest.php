<?php
namespace Shop {
    use PHPUnit\Framework\TestCase;

    class BracesTest extends TestCase {
        public function testSameLine() {
            $this->assertTrue(true);
        }

        public function testWithNote() { // see the manual
            $this->assertTrue(true);
        }

        public function testCrowded() { $this->assertTrue(true);
            $this->assertFalse(false);
        }

        public function testHeredoc() {
            $text = <<<TEXT
                public function testHidden() {
                TEXT;
            $this->assertStringContainsString('testHidden', $text);
        }

        public function test_in_snake_case() { /* nothing
            yet */
            $this->assertTrue(true);
        }
    }
}
