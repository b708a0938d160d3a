module Shop
  class Order
    Line = Struct.new(:price)
  end

  RSpec.describe Order::Line, "#price" do
    context "when given" do
      context "as a whole number" do
        it "is kept" do
          expect(described_class.new(2).price).to eq 2
        end
      end

      context "as text" do
        it "is kept" do
          expect(described_class.new("2").price).to eq "2"
        end
      end
    end

    context 'when missing' do
      it "is nil" do
        expect(described_class.new.price).to be_nil
      end
    end
  end
end
