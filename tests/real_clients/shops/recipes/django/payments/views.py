"""What the shop answers."""

import json

from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from mpesa import Payments, shown

from payments.models import ModelStore

payments = Payments(ModelStore())
payments.ask_about_silent_ones()


def health(request):
    return JsonResponse({"ok": True})


@csrf_exempt
@require_POST
def start_payment(request):
    body = json.loads(request.body)
    status, answer = payments.start(body.get("phone"), body.get("amount"), body.get("reference"))
    return JsonResponse(answer, status=status)


def payment_status(request, payment_id):
    payment = payments.store.by("id", payment_id)
    return JsonResponse(shown(payment)) if payment else JsonResponse({"message": "No such payment."}, status=404)


@csrf_exempt
@require_POST
def mpesa_callback(request, secret):
    payments.callback(secret, request.body)
    return JsonResponse({"ResultCode": 0, "ResultDesc": "Accepted"})
