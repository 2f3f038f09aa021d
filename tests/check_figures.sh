#!/usr/bin/env bash
# The tables of figures in README and model card are those of models/figures.json.
set -euo pipefail
cd "${ATTUNE_SRC:-$(dirname "$0")/..}"
exec python3 tools/figures.py --check
