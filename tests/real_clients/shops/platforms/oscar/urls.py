"""Oscar at the root, the callbacks of M-Pesa below /mpesa/."""

from django.apps import apps
from django.urls import include, path

urlpatterns = [path("mpesa/", include("django_mpesa.urls")), path("", include(apps.get_app_config("oscar").urls[0]))]
