#!/usr/bin/env bash
# Builds the documents as a site in target/site, and follows every link in it. MDBOOK names another mdbook.
set -euo pipefail
cd "$(dirname "$0")/.."
mdbook=${MDBOOK:-mdbook}

# mdbook wants all pages below one folder: the documents keep their places relative to each other.
book=target/book
rm -rf "$book" target/site
mkdir -p "$book/src"
cp docs/book.toml docs/site.css "$book/"
cp -r README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT docs rules "$book/src/"
rm "$book/src/docs/book.toml" "$book/src/docs/site.css" "$book/src/docs/SUMMARY.md"
# From the root, rather than from docs/.
sed -e 's#](#](docs/#' -e 's#](docs/\.\./#](#' docs/SUMMARY.md >"$book/src/SUMMARY.md"
"$mdbook" build "$book"
python3 .ci/site.py target/site
