#!/usr/bin/env bash
# From Debian's packages alone: apt installs the package on an empty machine, systemd boots there and starts the service, and
# a first card comes; the image is built on such a machine. Takes the program that was built for the tests: an optimized one
# would be the second long build of a run, and is installed in the same way.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in mmdebstrap cargo-deb; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not here"; exit 0; }
done
if [ "$(id -u)" != 0 ]; then
  echo "skipped: needs root"
  exit 0
fi
work=$PWD/target/install
rm -rf "$work"
mkdir -p "$work"
machine='' group=''
off() {
  [ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null || true
  [ -z "$machine" ] || wait "$machine" 2>/dev/null || true
  # What was in the group may take a moment to be gone.
  for _ in $(seq 50); do
    [ -d "$group" ] || break
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
  done
  machine='' group=''
}
trap off EXIT

echo "-- package"
deploy/deb.sh dev >"$work/deb.log" 2>&1 || { cat "$work/deb.log"; exit 1; }
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error --tag-display-limit 5 target/ci-rescue.deb
else
  echo "skipped: lintian"
fi

echo "-- list of what is in it"
if command -v cargo-cyclonedx >/dev/null; then
  cargo cyclonedx --quiet --format json --override-filename ci-rescue-sbom
  mv ci-rescue-sbom.json "$work/sbom.json"
  python3 -c 'import json, sys
bom = json.load(open(sys.argv[1]))
names = {part["name"] for part in bom["components"]}
assert bom["bomFormat"] == "CycloneDX" and {"tokio", "sled", "axum"} <= names, sorted(names)
print(len(names), "components")' "$work/sbom.json"
else
  echo "skipped: cargo-cyclonedx"
fi

echo "-- an empty machine"
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap --quiet --variant=minbase "$suite" "$work/root.tar"
root=$work/root
mkdir "$root"
tar -xf "$work/root.tar" -C "$root"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp target/ci-rescue.deb "$root/root/"
export DEBIAN_FRONTEND=noninteractive
{ chroot "$root" apt-get update && chroot "$root" apt-get install -y /root/ci-rescue.deb; } >"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log"; exit 1; }
chroot "$root" ci-rescue --version
for path in usr/share/man/man1/ci-rescue-setup.1.gz usr/share/bash-completion/completions/ci-rescue etc/ci-rescue/secrets; do
  [ -e "$root/$path" ] || { echo "$path is not there"; exit 1; }
done
[ "$(stat -c %a "$root/etc/ci-rescue/secrets")" = 700 ]
chroot "$root" getent passwd ci-rescue >/dev/null
chroot "$root" bash -n /usr/share/bash-completion/completions/ci-rescue
# As the operator would: answers, setup, serve; a build breaks.
CI_RESCUE_INSTALLED=$root cargo test --locked --test it -- setup::running setup::file

echo "-- the service, by systemd"
# A machine of its own but for the network, in which the doubles of the platforms are.
boot() {
  local groups
  groups=$(findmnt --noheadings --first-only --output TARGET --types cgroup2) || return 1
  group=$groups/ci-rescue-install-$$
  mkdir "$group" || return 1
  ln -sf /dev/null "$root/etc/systemd/system/tmp.mount"
  (
    echo 0 >"$group/cgroup.procs"
    # shellcheck disable=SC2016
    exec unshare --cgroup --pid --mount --uts --ipc --fork --kill-child bash -euc '
      mount --make-rprivate /
      mount --bind "$1" "$1"
      cd "$1"
      mount -t proc proc proc
      mount -t sysfs -o ro sysfs sys
      mount -t cgroup2 cgroup2 sys/fs/cgroup
      mount -t tmpfs -o mode=755 tmpfs run
      mount -t tmpfs -o mode=755 tmpfs dev
      for device in null zero full random urandom tty; do
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
      done
      mkdir dev/shm dev/pts
      mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
      ln -s pts/ptmx dev/ptmx
      # Not chroot: inside one, no service may have users of its own (PrivateUsers=).
      pivot_root . mnt
      umount -l mnt
      # What systemd mounts for a service, such as its credentials, has to get there.
      mount --make-rshared /
      exec env -i container=ci-rescue-install /lib/systemd/systemd' bash "$root"
  ) >"$work/boot.log" 2>&1 &
  machine=$!
  local state
  for _ in $(seq 600); do
    kill -0 "$machine" 2>/dev/null || return 1
    init=$(pgrep -P "$machine" || true)
    state=$([ -z "$init" ] || inside systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) return 0 ;; esac
    sleep 0.1
  done
  return 1
}
inside() { nsenter --target "$init" --all -- "$@"; }
if boot; then
  CI_RESCUE_INSTALLED=$root CI_RESCUE_INIT=$init cargo test --locked --test it -- setup::service --nocapture
  inside apt-get purge -y ci-rescue >"$work/purge.log" 2>&1 || { cat "$work/purge.log"; exit 1; }
  if inside systemctl is-active --quiet ci-rescue; then echo "the service runs without its package"; exit 1; fi
else
  cat "$work/boot.log"
  echo "skipped: systemd does not boot here: needs cgroup2 and namespaces"
  chroot "$root" apt-get purge -y ci-rescue >"$work/purge.log" 2>&1 || { cat "$work/purge.log"; exit 1; }
fi
off
[ ! -e "$root/etc/ci-rescue" ] && [ ! -e "$root/usr/bin/ci-rescue" ]

echo "-- image"
if ! command -v buildah >/dev/null; then
  echo "skipped: buildah is not here"
  exit 0
fi
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
bud() { buildah --root "$work/images" --runroot "$work/run" "$@"; }
base=$(bud from scratch)
bud add -q "$base" "$work/root.tar" / >/dev/null
bud commit -q "$base" docker.io/library/debian:stable-slim >/dev/null
# No registry here: the compiler's image is the same root, with a cargo that hands out what was compiled outside.
cat >"$work/cargo" <<'CARGO'
#!/bin/sh
[ "$*" = "build --release --locked --bin ci-rescue" ] || { echo "cargo $*"; exit 1; }
mkdir -p target/release && mv /built target/release/ci-rescue
CARGO
chmod +x "$work/cargo"
strip -o "$work/built" target/debug/ci-rescue
bud copy -q "$base" "$work/cargo" /usr/bin/cargo >/dev/null
bud copy -q "$base" "$work/built" /built >/dev/null
bud commit -q "$base" docker.io/library/rust:1.95-slim >/dev/null
bud build -q --pull-never --target build -f deploy/Dockerfile -t context . >/dev/null
context=$(bud from --pull-never localhost/context)
# Everything that the compiler read is in the image.
bud mount "$context" >"$work/context"
sources=$(cat "$work/context")/src
# By what was read for the library, not for its tests; what is left of earlier builds may name files that are gone.
for library in target/debug/deps/libci_rescue-*.rlib; do
  library=${library%.rlib}
  cat "target/debug/deps/ci_rescue-${library##*-}.d"
done | tr ' ' '\n' | grep '^src/' | sort -u | while read -r file; do
  [ ! -e "$file" ] || [ -e "$sources/$file" ] || { echo ".dockerignore leaves out $file"; exit 1; }
done
for dir in src rules templates commands; do diff -r "$dir" "$sources/$dir"; done
[ ! -e "$sources/docs" ] && [ ! -e "$sources/.git" ]
bud build -q --pull-never --format docker -f deploy/Dockerfile -t ci-rescue . >/dev/null
image=$(bud from --pull-never localhost/ci-rescue)
bud inspect --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' "$image" | tee "$work/image"
grep -q '^10001:10001 \[ci-rescue\] \[serve\]' "$work/image"
bud inspect "$image" >"$work/image.json"
grep -q '"Healthcheck": {' "$work/image.json"
bud run "$image" -- ci-rescue --version
bud run "$image" -- sh -c 'test "$(id -u)" = 10001 && test -w /var/lib/ci-rescue && ! test -w /usr && git --version >/dev/null'
# Its own health check, while it serves and before.
check=$(sed -n "s/.*\"-c\", \"\(.*\)\"\]$/\1/p" deploy/Dockerfile | sed 's/\\\\/\\/g')
bud run --env CI_RESCUE_CONFIG=/dev/null --env "CHECK=$check" "$image" -- bash -c '
  if bash -c "$CHECK" 2>/dev/null; then echo "healthy before it runs"; exit 1; fi
  ci-rescue serve >/tmp/out 2>/tmp/err & pid=$!
  until grep -q "listening on" /tmp/out; do kill -0 $pid || { cat /tmp/err; exit 1; }; sleep 0.1; done
  bash -c "$CHECK" && kill $pid && wait $pid && echo "healthy while it runs"'
bud umount --all >/dev/null
bud rm --all >/dev/null
rm -rf "$work/images" "$root" "$work/root.tar"
