RSpec.describe "Escapes" do
  it "says \"hello\" to caf\u00e9" do
    expect(1).to eq 1
  end

  it 'isn\'t fooled by #{this}' do
    expect(1).to eq 1
  end

  it %q(has (nested) parentheses) do
    expect(1).to eq 1
  end

  it "is long " \
     "and continued" do
    expect(1).to eq 1
  end

  it "überspringt — ja" do
    text = <<~TEXT
      it "is no test" do
      end
    TEXT
    expect(text).to include("no test")
  end

  # it "is commented out" do
  # end
end
