"""Runs a package of the field: its set-up and its operations are texts of the table, in Python."""

import json
import os

import operations
from operations import finish, run

row = json.loads(os.environ["ROW"])
names = {**vars(operations), "__name__": "driver"}
exec(row["setup"], names)


def evaluate(text, **more):
    return eval(text, names, more)


read = row.get("parse")
for name, text in row["operations"].items():
    run(
        name,
        lambda text=text: evaluate(text),
        later=name not in {"token", "stk_query", "c2b_register", "qr"},
        parse=(lambda message: evaluate(read, message=message)) if read and name == "stk_push" else None,
    )
finish()
