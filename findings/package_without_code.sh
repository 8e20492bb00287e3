#!/usr/bin/env bash
# Finding: Three packages hold no module; a fourth holds one named src, which prints a greeting.
#
# Package: django-mpesa-pay 1.0, mseep-daraja 0.1.2, junit-to-markdown 0.5.0, malipopy-mpesa 0.1.0 (PyPI), Python 3.11.
# Date: 2026-11-30
# Behaviour: Installed are licence and metadata. The command of junit-to-markdown is installed too, and cannot import
#   what it is made for. malipopy-mpesa puts src on the path, the name that many projects give their own folder.
# Documented: Their pages and summaries: M-Pesa in Django, reports as Markdown, a library of payments by M-Pesa.
# For a merchant: pip says that it was installed, and nothing else. A pipeline step with the converter fails on each
#   run; where its exit status is ignored the summary of the tests is missing.
# Exit status: 0 while it is so, 1 if the output has changed, 2 if the registry cannot be reached.
# Output seen:
#   | django-mpesa-pay: modules none, commands none
#   | mseep-daraja: modules none, commands none
#   | junit-to-markdown: modules none, commands junit_to_markdown
#   | malipopy-mpesa: modules src, src.main, commands none
#   | junit_to_markdown junit.xml: exit status 1, ModuleNotFoundError: No module named 'junit_to_markdown'

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
here=$(realpath "${BASH_SOURCE[0]}")

cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check --no-deps django-mpesa-pay==1.0 mseep-daraja==0.1.2 \
  junit-to-markdown==0.5.0 malipopy-mpesa==0.1.0 >&2 || exit 2
env/bin/python - >seen <<'PYTHON'
from importlib import metadata

for name in ("django-mpesa-pay", "mseep-daraja", "junit-to-markdown", "malipopy-mpesa"):
    files = [str(file) for file in metadata.files(name)]
    modules = [file[:-3].removesuffix("/__init__").replace("/", ".") for file in files if file.endswith(".py")]
    commands = [file.rpartition("/")[2] for file in files if "bin/" in file]
    print(f"{name}: modules {', '.join(sorted(modules)) or 'none'}, commands {', '.join(commands) or 'none'}")
PYTHON
cat >junit.xml <<'XML'
<testsuites><testsuite name="shop" tests="1"><testcase classname="shop" name="paid"/></testsuite></testsuites>
XML
status=0
env/bin/junit_to_markdown junit.xml >/dev/null 2>said || status=$?
echo "junit_to_markdown junit.xml: exit status $status, $(tail -1 said)" >>seen
cat seen
diff <(sed -n 's/^#   | //p' "$here") seen >&2 ||
  { echo "The output has changed (< noted, > now)." >&2; exit 1; }
