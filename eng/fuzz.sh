#!/bin/bash
# Feeds mutated inputs to every reader of bytes that others wrote. FUZZ_COUNT: inputs for each reader; 200000, and 10000000 for DNS queries, unless given. FUZZ_SEED: repeats a run. FUZZ_TARGET: one reader alone.
set -uo pipefail
cd "$(dirname "$0")/.."
dotnet build test/Fairlead.Fuzz -c Release -v q -nologo || exit 1
artifacts/bin/Fairlead.Fuzz/release/Fairlead.Fuzz --output artifacts/fuzz \
    ${FUZZ_COUNT:+--count "$FUZZ_COUNT"} ${FUZZ_SEED:+--seed "$FUZZ_SEED"} ${FUZZ_TARGET:+--target "$FUZZ_TARGET"}
code=$?
# 1: a finding, which was told. Anything else: the process did not survive an input, which stands in the newest file.
if [ $code -gt 1 ]; then
    echo "the fuzzer died (exit code $code) on the input in $(ls -t artifacts/fuzz/*.current | head -1)"
    exit 1
fi
exit $code
