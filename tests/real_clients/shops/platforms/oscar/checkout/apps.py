"""Oscar's checkout, overridden in the way of its documentation."""

from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Takes the views of this folder."""

    name = "checkout"
