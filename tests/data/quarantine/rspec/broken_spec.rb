RSpec.describe "Broken" do
  it "is whole" do
    expect(1).to eq 1
  end

  it "is broken" do
    expect(1).to eq(
  end
end
