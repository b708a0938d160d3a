#!/usr/bin/env bash
# Reproductions in real containers: an image with Python is made of Debian's packages, without a registry, and podman runs the
# scripts of the tests in it.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in podman runc mmdebstrap; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not here"; exit 0; }
done
if [ "$(id -u)" != 0 ]; then
  echo "skipped: needs root"
  exit 0
fi
work=$PWD/target/containers
rm -rf "$work"
mkdir -p "$work"
# Storage of its own. runc and limits of its own, because crun refuses both generations of control groups side by side, and
# podman sets limits that a container around this one may not raise.
cat >"$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
CONF
cat >"$work/podman" <<PODMAN
#!/bin/sh
CONTAINERS_CONF=$work/containers.conf STORAGE_DRIVER=vfs exec /usr/bin/podman --root $work/root --runroot $work/run "\$@"
PODMAN
chmod +x "$work/podman"
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap --quiet --variant=minbase --include=python3,python3-venv "$suite" "$work/image.tar"
"$work/podman" import --quiet "$work/image.tar" localhost/job:1 >/dev/null
if ! "$work/podman" run --rm --network none localhost/job:1 true >"$work/log" 2>&1; then
  cat "$work/log"
  echo "skipped: podman runs nothing here"
  exit 0
fi
CI_RESCUE_PODMAN=$work/podman cargo test --locked --test it -- flows::containers --nocapture
rm -rf "$work"
