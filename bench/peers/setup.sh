#!/usr/bin/env bash
# Makes the peers' Python environment, bench/peers/.venv, once; `setup.sh torch` adds PyTorch, several gigabytes. PYTHON names another interpreter (3.11 or newer).
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -x .venv/bin/python ]; then
  "${PYTHON:-python3}" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
if [ "${1:-}" = torch ]; then
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-torch.txt
fi
