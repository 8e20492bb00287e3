// Shows what the server knows. It never decides by itself that a payment failed or succeeded.
const slip = document.querySelector("[data-payment]");
const shown = { status: slip.dataset.state.toUpperCase(), message: slip.querySelector(".message").textContent };
let gapMs = 1500;

async function look() {
  try {
    const reply = await fetch(`/api/payments/${slip.dataset.payment}`, { cache: "no-store" });
    const payment = await reply.json();
    if (reply.ok && (payment.status !== shown.status || payment.message !== shown.message)) {
      location.reload();
      return;
    }
  } catch {
    // The network is away for a moment; what is on the page still holds.
  }
  gapMs = Math.min(gapMs * 1.2, 15000);
  setTimeout(look, gapMs);
}

if (shown.status === "PENDING" || shown.status === "REVIEW") setTimeout(look, gapMs);
