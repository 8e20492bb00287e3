"""The payments."""

from typing import Any

from django.db import IntegrityError, models, transaction
from mpesa import Row


class Payment(models.Model):
    reference = models.CharField(max_length=60)
    msisdn = models.CharField(max_length=12)
    amount = models.IntegerField()
    secret = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=10, default="PENDING")
    message = models.CharField(max_length=200)
    checkout_request_id = models.CharField(max_length=80, default="")
    receipt = models.CharField(max_length=20, default="")
    credited = models.IntegerField(default=0)
    began = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reference"], condition=models.Q(state__in=["PENDING", "PAID"]), name="one_open"
            )
        ]


class ModelStore:
    """The payments as `mpesa` uses them."""

    def open(self, reference: str, fields: Row) -> tuple[Row, bool]:
        try:
            with transaction.atomic():
                made = Payment.objects.create(reference=reference, **fields)
            return _row(made), True
        except IntegrityError:
            return _row(Payment.objects.get(reference=reference, state__in=["PENDING", "PAID"])), False

    def by(self, name: str, value: str) -> Row | None:
        found = Payment.objects.filter(**{name: value}).first()
        return _row(found) if found else None

    def pending(self, before: float) -> list[Row]:
        return [_row(each) for each in Payment.objects.filter(state="PENDING", began__lt=before)]

    def change(self, payment_id: str, states: tuple[str, ...], **fields: Any) -> bool:
        return bool(Payment.objects.filter(id=payment_id, state__in=states).update(**fields))


def _row(payment: Payment) -> Row:
    return {field.name: getattr(payment, field.name) for field in Payment._meta.fields}
