RSpec.describe "Already skipped" do
  xit "by its method" do
    raise
  end

  it "by metadata", skip: "broken since May" do
    raise
  end

  it "by a symbol", :skip do
    raise
  end

  it "by its body" do
    skip "not today"
    raise
  end

  it "by having no body"

  pending "as pending" do
    raise
  end

  it "by a condition", skip: ENV["CI"] do
    expect(1).to eq 1
  end

  xdescribe "in a group" do
    it "is skipped with it" do
      raise
    end
  end

  describe "in a hook" do
    before { skip "the whole group" }

    it "is skipped by the hook" do
      raise
    end
  end

  it "runs unless told" do
    skip "sometimes" if ENV["NEVER"]
    expect(1).to eq 1
  end
end
