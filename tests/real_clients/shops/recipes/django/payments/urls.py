"""The payments of the shop."""

from django.urls import path

from . import views

urlpatterns = [path("stk-push/", views.start_payment), path("<int:payment_id>/status/", views.payment_status)]
