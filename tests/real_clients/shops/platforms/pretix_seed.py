"""A database with one organiser, one event, one ticket of any price, and the plugin with what the environment says."""

import os
from datetime import timedelta
from decimal import Decimal

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pretix.settings")
django.setup()
call_command("migrate", verbosity=0)

from django.utils.timezone import now  # noqa: E402 - after the set-up
from django_scopes import scopes_disabled  # noqa: E402
from pretix.base.models import Organizer  # noqa: E402

with scopes_disabled():
    organizer = Organizer.objects.create(name="Tamasha", slug="tamasha")
    event = organizer.events.create(
        name="Concert",
        slug="concert",
        currency="KES",
        live=True,
        date_from=now() + timedelta(days=300),
        plugins="pretix_mpesa",
    )
    event.settings.timezone = "Africa/Nairobi"
    event.settings.telephone_field_required = True  # read by the plugin, set by nobody
    event.settings.payment_mpesa__enabled = True
    event.settings.payment_mpesa_endpoint = "sandbox"
    event.settings.payment_mpesa_safaricom_consumer_key = os.environ["MPESA_CONSUMER_KEY"]
    event.settings.payment_mpesa_safaricom_consumer_secret = os.environ["MPESA_CONSUMER_SECRET"]
    event.settings.payment_mpesa_mpesa_shortcode = os.environ["MPESA_SHORT_CODE"]
    event.settings.payment_mpesa_encryption_password = os.environ["MPESA_PASSKEY"]
    event.settings.payment_mpesa_stk_callback_url = "https://shop.example/tamasha/concert/mpesa/callback/"
    ticket = event.items.create(name="Ticket", default_price=Decimal("1.00"), free_price=True)
    event.quotas.create(name="Seats", size=None).items.add(ticket)
