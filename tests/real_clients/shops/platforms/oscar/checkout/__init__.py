"""Oscar's checkout with a payment by M-Pesa."""
