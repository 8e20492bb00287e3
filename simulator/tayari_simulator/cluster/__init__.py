"""Several processes that are one Daraja: each owns a share of the phones, and passes on what is another's."""
