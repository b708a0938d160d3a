describe "Tabs" do
	context "inside" do
		it "indents", :aggregate_failures do
			expect(1).to eq 1
		end

		fit_later = ->(example) { example }

		it "takes a block", &->(*) { expect(1).to eq(1) }

		it "has a note", note: <<~NOTE do
			for the reader
		NOTE
			expect(1).to eq 1
		end

		options = { slow: true }
		it "has options", **options do
			expect(1).to eq 1
		end
	end
end
