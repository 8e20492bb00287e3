"""A fake of Safaricom's M-Pesa API (Daraja) that merchants are tested against."""

from typing import Final

__version__: Final = "0.1.0"
