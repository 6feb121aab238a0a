#!/bin/bash
# Installs what the build and the tests need and this machine lacks. Says what it does; does nothing twice.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'error: %s\nhint: %s\n' "$1" "$2" >&2; exit 1; }

command -v dotnet >/dev/null || fail "the .NET 10 SDK is not installed" "install the package dotnet-sdk-10.0, or see https://dot.net"
dotnet --list-sdks | grep -q '^10\.' || fail "no .NET 10 SDK among: $(dotnet --list-sdks | tr '\n' ' ')" "install the package dotnet-sdk-10.0"
[ "$(id -u)" = 0 ] || fail "network namespaces and nf_tables need root" "run it with sudo"

# program or file it brings -> Debian package
missing=()
need() { [ -e "$1" ] || command -v "$1" >/dev/null || missing+=("$2"); }
need /usr/lib/x86_64-linux-gnu/libsqlite3.so libsqlite3-dev   # the store; the .a links into the release binary
need /usr/include/zlib.h zlib1g-dev                           # linking the release binary
need gcc gcc
need busybox busybox                                          # what `image: busybox` runs
need nft nftables                                             # tests compare with it
need ip iproute2
need dig bind9-dnsutils                                       # tests ask with it
need curl curl
need conntrack conntrack
need sysctl procps
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "missing: ${missing[*]}" "install these packages with this machine's package manager"
    echo "installing: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
eng/kubectl.sh
