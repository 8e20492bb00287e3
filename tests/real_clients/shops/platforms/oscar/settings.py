"""django-oscar as its documentation sets it up, with mainfinity-django-mpesa."""

import os
from pathlib import Path

from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *  # noqa: F403 - as Oscar's documentation does

FOLDER = Path(os.environ["OSCAR_FOLDER"])
SECRET_KEY = "invented-for-tests-only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
SITE_ID = 1
TIME_ZONE = "Africa/Nairobi"
USE_TZ = True
STATIC_URL = "/static/"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        "ATOMIC_REQUESTS": False,
    }
}
INSTALLED_APPS = [
    *(app.replace("oscar.apps.checkout.apps", "checkout.apps") for app in OSCAR_APPS),
    "sorl.thumbnail",
    "rest_framework",
    "django_mpesa",
    "payments",
]
MIDDLEWARE = [
    "django_mpesa.middleware.MpesaCallbackIPAllowlistMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.core.context_processors.metadata",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

PHONENUMBER_DEFAULT_REGION = "KE"
OSCAR_DEFAULT_CURRENCY = "KES"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = None
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {"Pending": ("Paid", "Cancelled"), "Paid": (), "Cancelled": ()}

MPESA = {
    "ENV": "sandbox",
    "CONSUMER_KEY": os.environ.get("MPESA_CONSUMER_KEY", ""),
    "CONSUMER_SECRET": os.environ.get("MPESA_CONSUMER_SECRET", ""),
    "SHORTCODE": os.environ.get("MPESA_SHORT_CODE", ""),
    "PASSKEY": os.environ.get("MPESA_PASSKEY", ""),
    "STK_CALLBACK_URL": "https://shop.example/mpesa/stk/callback/",
    "TRANSACTION_MODEL": "payments.MpesaTransaction",
    "CALLBACK_LOG_MODEL": "payments.MpesaCallbackLog",
    "TRUST_FORWARDED_FOR": True,
    "USE_CELERY": False,
}
