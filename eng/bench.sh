#!/bin/bash
# Measures the release binary and prints each figure beside what it is to be compared with. Arguments: the groups to measure, all unless given.
set -euo pipefail
cd "$(dirname "$0")/.."
# What only benchmarks need. Knot DNS and nginx are baselines, run by hand: they must not be started as services, now or at the next start of the machine.
missing=()
command -v knotd >/dev/null || missing+=(knot)
command -v dnsperf >/dev/null || missing+=(dnsperf)
command -v nginx >/dev/null || missing+=(nginx-light)
command -v wrk >/dev/null || missing+=(wrk)
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    apt-get update -qq
    policy=/usr/sbin/policy-rc.d own=
    [ -e $policy ] || { own=$policy; trap 'rm -f $own' EXIT; printf '#!/bin/sh\nexit 101\n' >$own; chmod 755 $own; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    if command -v systemctl >/dev/null; then
        if [[ ${missing[*]} == *knot* ]]; then systemctl -q disable knot.service; fi
        if [[ ${missing[*]} == *nginx* ]]; then systemctl -q disable nginx.service; fi
    fi
    [ -z "$own" ] || { rm -f $own; trap - EXIT; }
fi
eng/aot.sh
dotnet build bench/Fairlead.Benchmarks -c Release -v q -nologo
# A network namespace without an uplink: no packet of a benchmark can leave the machine.
exec unshare --net artifacts/bin/Fairlead.Benchmarks/release/Fairlead.Benchmarks "$PWD/bin/aot/fairlead" "$@"
