#!/bin/bash
# Style, formatting and analyzers; every finding is an error. The house's numbers are held by the tests (Architecture/HouseNumbersTests).
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Fairlead.slnx -v q -nologo
dotnet format whitespace Fairlead.slnx --verify-no-changes --no-restore
