#!/bin/bash
# Style, formatting, analyzers and the house's numbers; every finding is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Fairlead.slnx -v q -nologo
dotnet format whitespace Fairlead.slnx --verify-no-changes --no-restore
status=0
while read -r lines file; do
    if [ "$file" != total ] && [ "$lines" -gt 600 ]; then echo "error: $file has $lines lines; 600 is the most" >&2; status=1; fi
done < <(git ls-files -- '*.cs' | xargs wc -l)
if git ls-files -- 'src/*.cs' 'test/*.cs' | xargs grep -nE '#region|TODO|FIXME|NotImplementedException|Fact\(Skip|Assert\.Skip'; then
    echo "error: unfinished or muted code above" >&2
    status=1
fi
exit $status
