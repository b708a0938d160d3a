RSpec.describe "First" do
  it("one") { expect(1).to eq 1 }

  context "inner" do
    it("two") { expect(1).to eq 1 }
    it { expect(3).to eq 3 }
  end

  it("four") { expect(1).to eq 1 }
end

RSpec.describe "Second" do
  before do
    @value = 1
  end

  it("five") { expect(@value).to eq 1 }

  3.times do |n|
    it("six #{n}") { expect(1).to eq 1 }
  end

  it("seven") { expect(1).to eq 1 }
end
