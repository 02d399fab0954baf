#!/usr/bin/env bash
# Builds the binding of tfjs-node against the TensorFlow of a Python wheel: two C++ files, one compiler call.
#
#   build-native.sh [@tensorflow/tfjs-node | @tensorflow/tfjs-node-gpu]
#
# The packages' own install scripts fetch TensorFlow 2.9.1 from a host that many machines cannot reach. The binding uses
# only the stable C API, so a current wheel serves as well. Everything lands in .data/tfjs-native, which npm never touches.
#
#   TF_DIR    a folder with libtensorflow_cc.so.2 and include/: used as it is
#   TF_WHEEL  what pip fetches otherwise, if Python has no tensorflow; default tensorflow-cpu. A CUDA build for -gpu:
#             python3 -m venv .tf && .tf/bin/pip install 'tensorflow[and-cuda]', then TF_DIR as that venv's package
#   CXX       the C++ compiler; default g++
#
# Exit: 0 built and proven; 69 something cannot be fetched here; else the build failed.
set -euo pipefail

package=${1:-@tensorflow/tfjs-node}
version=4.22.0
headers=1.9.0
unavailable=69

case $package in
  @tensorflow/tfjs-node | @tensorflow/tfjs-node-gpu) ;;
  *) echo "build-native: $package is neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu" >&2; exit 64 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
home=$root/.data/tfjs-native
mkdir -p "$home"

say() { printf 'build-native: %s\n' "$*"; }
cannot() { say "$*" >&2; exit "$unavailable"; }

command -v python3 >/dev/null || cannot "python3 is not here, and pip with it"
command -v "${CXX:-g++}" >/dev/null || cannot "no C++ compiler: install g++ or set CXX"

# The package, without its install script.
[ -e "$home/package.json" ] || echo '{ "private": true }' >"$home/package.json"
if [ ! -e "$home/node_modules/$package/package.json" ] || [ ! -d "$home/node_modules/node-api-headers" ]; then
  say "fetching $package $version without its install script"
  npm install --prefix "$home" --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact \
    "$package@$version" "node-api-headers@$headers" || cannot "npm cannot fetch $package"
fi
source_dir=$home/node_modules/$package
# One TensorFlow.js to a process, the project's own: a second copy would register every kernel again, and say so.
for copy in "$home"/node_modules/@tensorflow/*; do
  case $copy in */tfjs-node | */tfjs-node-gpu) ;; *) rm -rf "$copy" ;; esac
done

# TensorFlow: TF_DIR, else what Python has (found, not imported), else the parts of a wheel that the binding needs.
tensorflow=${TF_DIR:-$(python3 -c 'import importlib.util as u; s = u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")')}
if [ -z "$tensorflow" ]; then
  tensorflow=$home/tensorflow
  if [ ! -e "$tensorflow/.complete" ]; then
    wheels=$(mktemp -d "$home/wheel.XXXXXX")
    trap 'rm -rf "$wheels"' EXIT
    say "fetching ${TF_WHEEL:-tensorflow-cpu} with pip"
    PIP_RETRIES=0 python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheels" "${TF_WHEEL:-tensorflow-cpu}" ||
      cannot "pip cannot fetch ${TF_WHEEL:-tensorflow-cpu}"
    say "unpacking its libraries and headers (about 0.8 GB)"
    python3 - "$wheels" "$home" <<'PYTHON'
import glob, sys, zipfile

wheels, home = sys.argv[1:]
wanted = (
    "tensorflow/libtensorflow_",
    "tensorflow/include/tensorflow/c/",
    "tensorflow/include/xla/tsl/c/",
    "tensorflow/include/tensorflow/core/platform/ctstring",
    "tensorflow/include/tsl/platform/ctstring",
)
with zipfile.ZipFile(glob.glob(wheels + "/*.whl")[0]) as wheel:
    wheel.extractall(home, [name for name in wheel.namelist() if name.startswith(wanted)])
PYTHON
    touch "$tensorflow/.complete"
    rm -rf "$wheels"
  fi
fi
# The real path: TensorFlow finds its CUDA libraries relative to itself, and a symlink would mislead it.
tensorflow=$(realpath "$tensorflow")
for library in libtensorflow_cc.so.2 libtensorflow_framework.so.2; do
  [ -e "$tensorflow/$library" ] || { say "$tensorflow has no $library" >&2; exit 1; }
done

binding=$source_dir/lib/napi-v8
mkdir -p "$binding"
say "compiling the binding against $tensorflow"
"${CXX:-g++}" -O2 -std=c++17 -fPIC -shared -w -DNAPI_VERSION=8 \
  -I"$home/node_modules/node-api-headers/include" -I"$tensorflow/include" -I"$source_dir" \
  "$source_dir/binding/tfjs_backend.cc" "$source_dir/binding/tfjs_binding.cc" -o "$binding/tfjs_binding.node.part" \
  -L"$tensorflow" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,"$tensorflow"
mv "$binding/tfjs_binding.node.part" "$binding/tfjs_binding.node"

say "proving it with a small product"
cd "$home"
TF_ENABLE_ONEDNN_OPTS=${TF_ENABLE_ONEDNN_OPTS:-0} TF_CPP_MIN_LOG_LEVEL=2 node -e '
  const util = require("util");
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
  const tf = require(process.argv[1]);
  const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync().join();
  if (product !== "3,3,3,3") throw new Error(`the product is [${product}]`);
  const { binding, isUsingGpuDevice } = tf.backend();
  console.log(`build-native: ${process.argv[1]} runs on libtensorflow ${binding.TF_Version}, ${isUsingGpuDevice ? "GPU" : "CPU"}`);
' "$package"
