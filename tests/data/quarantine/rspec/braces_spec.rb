require 'set'

describe(Set) {
  it("starts empty") { expect(Set.new).to be_empty }
  it('counts', speed: :slow) { expect(Set[1].size).to eq 1 }
  it() { expect(Set[1]).to include(1) }
  context("with two", if: true) { it("counts both") { expect(Set[1, 2].size).to eq 2 } }
  specify("is a set",) { expect(Set.new).to be_a(Set) }
  example :symbolic do expect(1).to eq(1) end
}
