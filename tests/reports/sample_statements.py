"""What the sample runs carry beside their checks: configuration, codes, attestations, signatures."""

from __future__ import annotations

from tayari_reports.model.facts import Code, ConfigurationRow, How
from tayari_reports.model.statement_records import Attestation, ChecklistAnswer, Decision, Signature

CONFIGURATION = (
    ConfigurationRow(item="environment.switch", name="", value="by MPESA_BASE_URL", how=How.MEASURED, ok=True),
    ConfigurationRow(item="callback.https", name="", value="http://shop.example", how=How.MEASURED, ok=False),
    ConfigurationRow(
        item="environment.short_code", name="", value="174379", how=How.DECLARED, note="Daraja's sandbox."
    ),
)
CODES = (
    Code(
        code="1032",
        kind="result",
        text="Request cancelled by user",
        times=4,
        meaning="dismissed on the handset",
        message="Payment failed.",
        say_en="You cancelled the payment. You can try again.",
        say_sw="Umeghairi malipo. Unaweza kujaribu tena.",
        retry="now",
    ),
    Code(code="500.001.1001", kind="error", text="Merchant does not exist", times=1),
)
ATTESTATIONS = (
    Attestation(
        item="database.backups",
        answer=ChecklistAnswer.YES,
        person="Amina Wanjiru",
        date="2026-09-28",
        evidence="https://wiki.example/restore-2026-09",
        expires="2026-12-31",
    ),
    Attestation(
        item="support.refunds",
        answer=ChecklistAnswer.PARTLY,
        person="Juma Otieno",
        date="2026-09-28",
        evidence="support handbook, page 12",
        expires="2026-12-31",
        note="Reversals above KES 10,000 have no owner yet.",
    ),
    Attestation(
        item="security.access",
        answer=ChecklistAnswer.YES,
        person="Amina Wanjiru",
        date="2026-01-05",
        evidence="access list",
        expires="2026-07-01",
    ),
    Attestation(
        item="own.insurance",
        answer=ChecklistAnswer.NO,
        person="Juma Otieno",
        date="2026-10-01",
        evidence="mail of 1 October",
        expires="2026-12-31",
    ),
)
SIGNED = (
    Signature(role="QA", name="Amina Wanjiru", date="2026-10-08", decision=Decision.GO),
    Signature(
        role="Security",
        name="Juma Otieno",
        date="2026-10-08",
        decision=Decision.GO_WITH_CONDITIONS,
        conditions="The access list is renewed before the first payment.",
    ),
)
