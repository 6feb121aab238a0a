#!/bin/bash
# Builds once, runs every test project, and ends with one plain line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "$0")/.."

# One compiler for all projects, whatever the environment says, and for no longer than the build.
dotnet build Fairlead.slnx -v q -nologo -p:UseSharedCompilation=true
built=$?
dotnet build-server shutdown --vbcscompiler >/dev/null
[ $built -eq 0 ] || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

passed=0 failed=0 skipped=0
run() {
    local name=$1 log
    log=artifacts/test-$name.log
    echo "== $name"
    "artifacts/bin/$name/debug/$name" --progress off --no-ansi "${@:2}" >"$log" 2>&1
    local code=$?
    count() { sed -nE "s/^ *$1: ([0-9]+).*/\1/p" "$log" | tail -1; }
    local p f s
    p=$(count succeeded) f=$(count failed) s=$(count skipped)
    passed=$((passed + ${p:-0})) skipped=$((skipped + ${s:-0})) failed=$((failed + ${f:-0}))
    # A runner that died, or ran nothing, has failed whatever it counted.
    if [ $code -ne 0 ] || [ "${p:-0}" -eq 0 ]; then
        [ "${f:-0}" -gt 0 ] || failed=$((failed + 1))
        tail -200 "$log"
    fi
    echo "   ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped"
}
run Fairlead.Tests
run Fairlead.KernelTests
# Clusters are of the release binary, this checkout's: what users run, and what starts in a fraction of the debug build's time.
rm -f bin/aot/fairlead
eng/aot.sh || failed=$((failed + 1))
FAIRLEAD_PROGRAM=$PWD/bin/aot/fairlead run Fairlead.ClusterTests
# A skipped test proves nothing: it counts as a failure of the run.
[ $skipped -eq 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
