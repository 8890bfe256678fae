#!/usr/bin/env bash
# The two commands of the README exist, can be run, and need no package that
# scripts/setup does not install.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
  printf 'scripts_test: %s\n' "$1" >&2
  exit 1
}

for script in setup build test demo fuzz; do
  [[ -x scripts/$script ]] || fail "scripts/$script cannot be run"
  bash -n "scripts/$script" || fail "scripts/$script is no valid shell"
done
[[ -x .ci/run ]] || fail ".ci/run cannot be run"
grep -q 'scripts/test' .ci/run || fail ".ci/run does not call scripts/test"

# What the README names first is what there is.
opening=$(head -n 5 README.md)
for command in scripts/demo scripts/test; do
  [[ $opening == *"$command"* ]] || fail "README.md does not open with $command"
done

# Every CMake package that is looked for comes from a package of scripts/setup.
for package in sqlitecpp nlohmann-json3 spdlog expected cli11 protobuf ssl caf \
  xxhash gtest; do
  grep -q "$package" scripts/setup || fail "scripts/setup lacks $package"
done

# A second run has nothing to do, and says so quickly.
scripts/setup < /dev/null > /dev/null || fail "scripts/setup fails when all is there"
echo "scripts_test: all well"
