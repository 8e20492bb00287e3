"""django-daraja: every operation that it has. Way in: it knows three fixed hosts."""

import json
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from operations import (
    CERTIFICATE,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    INITIATOR,
    INITIATOR_PASSWORD,
    PASSKEY,
    PHONE,
    PUSH_CODE,
    SHORT_CODE,
    finish,
    run,
    url,
)

# The client reads its certificate from a folder of the project.
project = Path(tempfile.mkdtemp())
(project / "certs").mkdir()
shutil.copy(CERTIFICATE, project / "certs" / "sandbox.cer")
settings.configure(
    BASE_DIR=project,
    USE_TZ=True,
    INSTALLED_APPS=["django_daraja"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MPESA_ENVIRONMENT="sandbox",
    MPESA_CONSUMER_KEY=CONSUMER_KEY,
    MPESA_CONSUMER_SECRET=CONSUMER_SECRET,
    MPESA_SHORTCODE=SHORT_CODE,
    MPESA_EXPRESS_SHORTCODE=PUSH_CODE,
    MPESA_SHORTCODE_TYPE="paybill",
    MPESA_PASSKEY=PASSKEY,
    MPESA_INITIATOR_USERNAME=INITIATOR,
    MPESA_INITIATOR_SECURITY_CREDENTIAL=INITIATOR_PASSWORD,
)
import django

django.setup()
from django.core.management import call_command

call_command("migrate", verbosity=0)
from django_daraja.mpesa import core

client = core.MpesaClient()


def accepted(answer):
    """The client's answer object as data; a refusal is an answer too."""
    if answer.error_code:
        return {"errorCode": answer.error_code, "errorMessage": answer.error_message}
    return dict(vars(answer))


pay = {"b2c": client.business_payment, "b2c_salary": client.salary_payment, "b2c_promotion": client.promotion_payment}
run("token", client.access_token)
run(
    "stk_push",
    lambda: accepted(client.stk_push(PHONE, 20, "OPS", "x", url("stk_push"))),
    later=True,
    parse=lambda message: client.parse_stk_result(json.dumps(message)),
)
for amount, (name, call) in enumerate(pay.items(), start=250):
    run(
        name,
        lambda call=call, name=name, amount=amount: accepted(call(PHONE, amount, "Refund", url(name), "Refund")),
        later=True,
    )
finish()
