#!/bin/bash
# Makes .tools/kubectl a kubectl of at least 1.30 (the first to exec over WebSocket by default):
# KUBECTL= if given, else the one on PATH if new enough, else a pinned release whose checksum is verified.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=30
pinned=v1.32.3
declare -A checksums=([amd64]=ab209d0c5134b61486a0486585604a616a5bb2fc07df46d304b3c95817b2d79f)

minor() { "$1" version --client -o yaml 2>/dev/null | sed -nE 's/^ *minor: "?([0-9]+).*/\1/p'; }
use() { mkdir -p .tools; ln -sfn "$1" .tools/kubectl; exit 0; }

if [ -n "${KUBECTL:-}" ]; then
    path=$(command -v "$KUBECTL") || { echo "error: KUBECTL=$KUBECTL is not a program" >&2; exit 1; }
    use "$(readlink -f "$path")"
fi
for candidate in "$(command -v kubectl || true)" .tools/kubectl-$pinned; do
    [ -x "$candidate" ] || continue
    found=$(minor "$candidate")
    [ "${found:-0}" -lt $oldest ] || use "$(readlink -f "$candidate")"
done

arch=$(dpkg --print-architecture)
url=https://dl.k8s.io/release/$pinned/bin/linux/$arch/kubectl
mkdir -p .tools
echo "fetching kubectl $pinned"
if [ -n "${checksums[$arch]:-}" ] && curl -fsSL --connect-timeout 10 --max-time 300 -o .tools/kubectl.part "$url" \
    && echo "${checksums[$arch]}  .tools/kubectl.part" | sha256sum --check --status; then
    chmod +x .tools/kubectl.part
    mv .tools/kubectl.part .tools/kubectl-$pinned
    use "$PWD/.tools/kubectl-$pinned"
fi
rm -f .tools/kubectl.part
cat >&2 <<MSG
error: no kubectl of 1.$oldest or newer on PATH, and $url could not be fetched and verified
hint: put a newer kubectl on PATH, or name one: make KUBECTL=/path/to/kubectl …
MSG
exit 1
