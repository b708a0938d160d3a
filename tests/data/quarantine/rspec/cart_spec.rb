# frozen_string_literal: true

class Cart
  def total = 3
  def self.build = new
end

RSpec.describe Cart do
  subject(:cart) { described_class.new }

  describe "#total" do
    it "adds the shipping" do
      expect(cart.total).to eq(3)
    end

    it "rounds", :fast, money: true do |example|
      expect(example.metadata[:money]).to be(true)
    end
  end

  describe ".build" do
    it { expect(Cart.build).to be_a(Cart) }

    specify { expect(1).to eq(1) }
  end

  describe "#empty?" do
    it 'is not "empty"' do
      expect(cart).not_to be_nil
    end
  end
end
