#!/usr/bin/env bash
# Finding: In the sandbox mpesasync encrypts the initiator's password for production.
#
# Package: mpesasync 1.0.0 (PyPI) with pydantic 1.10.27 and cryptography 36.0.2, Python 3.11; only the opening of files
#   is watched.
# Date: 2026-11-29
# Behaviour: Its choice asks for a member of the environment's type, which is always there, not whether the environment
#   is that one. Both environments get the certificate of production; the sandbox's, which is in the package, is never
#   read.
# Documented: Each environment has its own certificate. A credential under another one is accepted by the gateway, and
#   the result is 2001.
# For a merchant: No payout can succeed in the sandbox, and the code 2001 sends one looking for a wrong password.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | in the package: ProductionCertificate.cer SandboxCertificate.cer
#   | sandbox: reads ProductionCertificate.cer
#   | production: reads ProductionCertificate.cer

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check --no-deps mpesasync==1.0.0 anyio==3.7.1 \
  certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 cryptography==36.0.2 h11==0.12.0 httpcore==0.13.7 \
  httpx==0.19.0 idna==3.20 pycparser==3.12 pydantic==1.10.27 rfc3986==1.5.0 sniffio==1.3.1 typing_extensions==4.16.0 \
  ujson==5.13.0 >&2 || exit 2
"$folder/env/bin/python" - >"$folder/seen" <<'PYTHON'
import builtins
import pathlib

import mpesasync
from mpesasync import Mpesa, MpesaEnvironment

certificates = pathlib.Path(mpesasync.__file__).parent / "certificates"
print("in the package:", *sorted(one.name for one in certificates.iterdir()))
real = builtins.open
for environment in MpesaEnvironment:
    read = []

    def opened(path, *more, **names):
        read.append(pathlib.Path(path).name)
        return real(path, *more, **names)

    builtins.open = opened
    Mpesa.get_security_credential(environment, "Safaricom999!*!")
    builtins.open = real
    print(f"{environment.value}: reads", *(name for name in read if name.endswith(".cer")))
PYTHON
cat "$folder/seen"
diff <(sed -n 's/^#   | //p' "${BASH_SOURCE[0]}") "$folder/seen" >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
