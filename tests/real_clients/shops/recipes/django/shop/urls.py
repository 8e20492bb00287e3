"""Where the shop answers."""

from django.urls import include, path
from payments import views

urlpatterns = [
    path("health/", views.health),
    path("payments/", include("payments.urls")),
    path("hooks/<str:secret>", views.mpesa_callback),
]
