#!/bin/sh
# Generates the protobuf modules anew from the .proto files below src.
#
# The generator is an old one on purpose: what it writes runs on every protobuf runtime from 5 to 7, whereas
# newer generators write a check that refuses any runtime but their own and the next major version.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet "grpcio-tools==1.62.3" "protobuf<5" "setuptools<80"
# shellcheck disable=SC2046  # no path of ours holds a blank
"$tools/venv/bin/python" -m grpc_tools.protoc -I src --python_out src --pyi_out src $(find src -name '*.proto' | sort)
# Strict type checking wants to know of what.
find src -name '*_pb2.pyi' -exec sed -i 's/_Mapping\]/_Mapping[str, object]]/g' {} +
