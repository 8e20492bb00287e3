"""The view that places the order; then the customer's phone is asked to pay."""

import logging

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_mpesa.exceptions import MpesaError
from django_mpesa.services.stk_push import STKPushService
from oscar.apps.checkout.views import PaymentDetailsView as OscarPaymentDetailsView
from oscar.apps.order.models import Order
from payments.models import MpesaTransaction

log = logging.getLogger(__name__)


class PaymentDetailsView(OscarPaymentDetailsView):
    """The number that pays is the one of the shipping address."""

    request: HttpRequest

    def handle_successful_order(self, order: Order) -> HttpResponse:
        """The order is placed: push, and show the page of the order."""
        phone = str(order.shipping_address.phone_number.as_e164)
        try:
            pushed = STKPushService().initiate(
                phone_number=phone,
                amount=order.total_incl_tax,
                account_reference=str(order.number),
                transaction_desc="Order",
            )
        except MpesaError:
            log.exception("order %s was not pushed", order.number)
            order.set_status("Cancelled")
            messages.error(self.request, "M-Pesa did not take the payment. Please order again, or pay another way.")
        else:
            MpesaTransaction.objects.filter(pk=pushed.pk).update(order=order)
        super().handle_successful_order(order)
        return HttpResponseRedirect(
            reverse("customer:anon-order", kwargs={"order_number": order.number, "hash": order.verification_hash()})
        )
