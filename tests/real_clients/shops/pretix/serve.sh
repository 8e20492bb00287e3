#!/bin/sh
# serve.sh ENVIRONMENT FOLDER PORT: pretix on that port, with its database in that folder.
set -eu
[ -e "$2/db.sqlite3" ] || cp "$1/seed/db.sqlite3" "$2/db.sqlite3"
cd "$2"
exec "$1/bin/python" -m gunicorn pretix.wsgi --bind "127.0.0.1:$3" --workers 1 --threads 8 --no-control-socket
