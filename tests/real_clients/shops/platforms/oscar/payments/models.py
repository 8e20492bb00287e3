"""The tables that mainfinity-django-mpesa asks for, and what its signals do to orders."""

from django.db import models
from django.dispatch import receiver
from django_mpesa.models import AbstractMpesaCallbackLog, AbstractMpesaTransaction
from django_mpesa.signals import payment_confirmed, payment_failed
from oscar.apps.order.models import Order


class MpesaTransaction(AbstractMpesaTransaction):
    """One push, for one order."""

    order = models.ForeignKey("order.Order", null=True, on_delete=models.PROTECT)

    class Meta(AbstractMpesaTransaction.Meta):
        abstract = False


class MpesaCallbackLog(AbstractMpesaCallbackLog):
    """What was heard."""

    class Meta(AbstractMpesaCallbackLog.Meta):
        abstract = False


@receiver(payment_confirmed)
def paid(transaction: MpesaTransaction, **_: object) -> None:
    """The order is paid."""
    Order.objects.get(number=transaction.account_reference).set_status("Paid")


@receiver(payment_failed)
def failed(transaction: MpesaTransaction, **_: object) -> None:
    """The order is cancelled; the customer may order again."""
    Order.objects.get(number=transaction.account_reference).set_status("Cancelled")
