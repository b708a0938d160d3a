RSpec.describe "Twice" do
  it "works" do
    expect(1).to eq 1
  end

  context "again" do
    it "works" do
      expect(2).to eq 2
    end
  end

  context "again" do
    it "works" do
      expect(3).to eq 3
    end
  end
end
