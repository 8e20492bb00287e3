"""A database with one product of one shilling: an order of N shillings has N of it."""

import os
from decimal import Decimal

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)

from oscar.apps.address.models import Country  # noqa: E402 - after the set-up
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.partner.models import Partner  # noqa: E402

Country.objects.create(
    iso_3166_1_a2="KE", iso_3166_1_a3="KEN", printable_name="Kenya", name="Kenya", is_shipping_country=True
)
kind = ProductClass.objects.create(name="Airtime", requires_shipping=True, track_stock=False)
product = Product.objects.create(title="A shilling of airtime", product_class=kind, is_public=True)
product.stockrecords.create(
    partner=Partner.objects.create(name="Duka"), partner_sku="1", price=Decimal("1.00"), price_currency="KES"
)
