RSpec.shared_examples "a list" do |size|
  it "has its size" do
    expect(list.size).to eq(size)
  end
end

RSpec.describe Array do
  let(:list) { [1, 2] }

  it_behaves_like "a list", 2

  describe "filled" do
    include_examples "a list", 2

    it "is not empty" do
      expect(list).not_to be_empty
    end
  end

  shared_context "with one" do
    let(:list) { [1] }
  end

  context "with one entry" do
    include_context "with one"
    it "has a first" do
      expect(list.first).to eq 1
    end
  end
end
