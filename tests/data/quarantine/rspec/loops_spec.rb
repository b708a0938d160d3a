RSpec.describe "Numbers" do
  [1, 2, 3].each do |n|
    it "knows #{n}" do
      expect(n).to be_positive
    end
  end

  def self.it_adds(a, b)
    it "adds #{a} and #{b}" do
      expect(a + b).to be > 0
    end
  end

  it_adds 1, 2

  describe "version #{RUBY_ENGINE}" do
    it "is known" do
      expect(RUBY_ENGINE).not_to be_empty
    end
  end

  it "is #{RUBY_ENGINE}" do
    expect(RUBY_ENGINE).to eq "ruby"
  end

  if RUBY_ENGINE == "ruby"
    it "is plain ruby" do
      expect(1).to eq 1
    end
  end
end
