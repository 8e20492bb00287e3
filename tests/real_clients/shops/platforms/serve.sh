#!/bin/sh
# serve.sh ENVIRONMENT FOLDER PORT APPLICATION [PROJECT]: the platform on that port, with a database of its own in that
# folder; PROJECT: where its settings are.
set -eu
[ -e "$2/db.sqlite3" ] || cp "$1/seed/db.sqlite3" "$2/db.sqlite3"
cd "$2"
exec "$1/bin/python" -m gunicorn "$4" --bind "127.0.0.1:$3" --workers 1 --threads 8 --no-control-socket \
  --pythonpath "${5:-$2}"
