#!/bin/bash
# Publishes the release binary: one file, SQLite inside, not one trim or AOT warning.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin/aot
log=artifacts/aot.log
mkdir -p artifacts
if ! dotnet publish src/fairlead -c Release -r linux-x64 -v m -nologo -o artifacts/aot >"$log" 2>&1; then tail -40 "$log"; exit 1; fi
if grep -E 'warning (IL|CA|CS)[0-9]+' "$log"; then echo "error: the release binary must build without a warning" >&2; exit 1; fi
install -m 755 artifacts/aot/fairlead bin/aot/fairlead
echo "built: bin/aot/fairlead, $(stat -c %s bin/aot/fairlead | awk '{printf "%.1f MB", $1/1e6}')"
