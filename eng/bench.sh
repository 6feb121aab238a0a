#!/bin/bash
# Measures the release binary and prints each figure beside what it is to be compared with. Arguments: the groups to measure, all unless given.
set -euo pipefail
cd "$(dirname "$0")/.."
# What only benchmarks need. Knot DNS is a baseline, run by hand: it must not be started as a service, now or at the next start of the machine.
missing=()
command -v knotd >/dev/null || missing+=(knot)
command -v dnsperf >/dev/null || missing+=(dnsperf)
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    apt-get update -qq
    policy=/usr/sbin/policy-rc.d own=
    [ -e $policy ] || { own=$policy; trap 'rm -f $own' EXIT; printf '#!/bin/sh\nexit 101\n' >$own; chmod 755 $own; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    if [[ ${missing[*]} == *knot* ]] && command -v systemctl >/dev/null; then systemctl -q disable knot.service; fi
    [ -z "$own" ] || { rm -f $own; trap - EXIT; }
fi
eng/aot.sh
dotnet build bench/Fairlead.Benchmarks -c Release -v q -nologo
# A network namespace without an uplink: no packet of a benchmark can leave the machine.
exec unshare --net artifacts/bin/Fairlead.Benchmarks/release/Fairlead.Benchmarks "$PWD/bin/aot/fairlead" "$@"
