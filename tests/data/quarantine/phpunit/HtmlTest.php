<p>public function testAdds() {}</p>
<?php

class HtmlTest extends \PHPUnit\Framework\TestCase
{
    /* public function testCommented() {} */
    public function testReal(): void
    {
        $this->assertSame("}", '}');
        $this->expectOutputRegex('/testAdds/');
        echo 'function testAdds() {}';
    }
}
