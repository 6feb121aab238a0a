#!/bin/bash
# Measures the release binary and prints each figure beside what it is to be compared with.
set -euo pipefail
cd "$(dirname "$0")/.."
eng/aot.sh
dotnet build bench/Fairlead.Benchmarks -c Release -v q -nologo
# A network namespace without an uplink: no packet of a benchmark can leave the machine.
exec unshare --net artifacts/bin/Fairlead.Benchmarks/release/Fairlead.Benchmarks "$PWD/bin/aot/fairlead"
