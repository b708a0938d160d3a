# Capybara's words, without Capybara.
RSpec.configure do |config|
  config.alias_example_group_to :feature
  config.alias_example_to :scenario
end

RSpec.feature "Signing in", type: :feature do
  scenario "with a good password",
           js: true,
           retries: 2 do
    expect("in").to eq("in")
  end

  scenario "with a bad password" do # the old form
    expect("out").to eq("out")
  end

  feature "twice" do
    scenario("keeps the session", { browser: :firefox }) do
      expect(1).to eq 1
    end
  end
end
