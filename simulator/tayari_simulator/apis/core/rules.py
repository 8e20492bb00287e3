"""The switches that every push and query asks for, read once."""

from __future__ import annotations

from dataclasses import dataclass

from tayari_simulator.catalogue.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What M-Pesa's own rules do to a payment that no scenario speaks for. Times in seconds, amounts in shillings."""

    lock_refuses: bool
    lock_limits: bool
    same_amount_limits: bool
    test_number_is_silent: bool
    text_phone_is_silent: bool
    ordinary_phones_have_debt: bool
    outcome_after_s: float
    daily_limit: float
    largest_amount: float
    query_too_early_s: float
    transaction_date_skew_s: float

    @classmethod
    def of(cls, options: Options) -> Rules:
        """Read the switches."""
        return cls(
            lock_refuses=options.says("subscriber_lock", "refuse"),
            lock_limits=options.says("subscriber_lock", "result_1001"),
            same_amount_limits=options.says("same_amount", "result_17"),
            test_number_is_silent=options.says("test_number", "never_answers"),
            text_phone_is_silent=options.says("phone_as_string", "silent_1037"),
            ordinary_phones_have_debt=options.says("ordinary_phones", "bad_debt"),
            outcome_after_s=options.number("outcome_after_s"),
            daily_limit=options.number("daily_limit"),
            largest_amount=options.number("max_amount"),
            query_too_early_s=options.number("query_too_early_s"),
            transaction_date_skew_s=options.number("transaction_date_skew_s"),
        )
