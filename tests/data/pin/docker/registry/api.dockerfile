ARG VERSION=1
from ghcr.io/acme/base:2024.1 as base
RUN true
