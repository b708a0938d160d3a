source "https://rubygems.org"
gemspec
gem "sinatra", ["~> 3.0", ">= 3.0.2"]  # web
