RSpec.describe "Multiline", type: :model do
  it(
    "is spread over lines",
    speed: :slow,
    owner: "shop"
  ) do
    expect(1).to eq 1
  end

  context "when called", :with, :symbols do
    it("has no space"){ expect(1).to eq 1 }

    it "old hash", :slow => true do
      expect(1).to eq 1
    end

    it slow: true do
      expect(1).to eq 1
    end
  end

  describe do
    it "has a nameless group" do
      expect(1).to eq 1
    end
  end
end
