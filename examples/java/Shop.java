import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A small checkout in plain Java: an order, an STK push, a callback. A shop for production keeps its orders in a
 * database, and asks by STK query when a callback is lost.
 */
final class Shop implements AutoCloseable {
    private static final Map<String, String> SAID = Map.of(
        "1", "Your M-Pesa balance is too low. Top up, or use another way to pay.",
        "1032", "You cancelled the payment. You can try again.",
        "1037", "Your phone could not be reached. Is it on?",
        "2001", "The PIN was wrong. You can try again.");
    private static final Pattern REFUSAL = Pattern.compile("\"(ResponseCode|errorCode)\"");
    private static final Pattern PAID = Pattern.compile("\"Name\"\\s*:\\s*\"Amount\",\\s*\"Value\"\\s*:\\s*([\\d.]+)");
    private static final Pattern RECEIPT =
        Pattern.compile("\"Name\"\\s*:\\s*\"MpesaReceiptNumber\",\\s*\"Value\"\\s*:\\s*\"(\\w+)\"");

    /** One order. Its secret is in the callback URL, and nowhere else. */
    private static final class Order {
        final String id = UUID.randomUUID().toString();
        final String secret = UUID.randomUUID().toString();
        final String msisdn;
        final int amount;
        String checkout = "";
        String state = "pending";
        String message = "Enter your PIN.";
        String receipt = "";
        int credits;

        Order(String msisdn, int amount) {
            this.msisdn = msisdn;
            this.amount = amount;
        }

        synchronized String shown() {
            return String.format(
                "{\"id\": \"%s\", \"state\": \"%s\", \"message\": \"%s\", \"receipt\": \"%s\", \"credits\": %d}",
                id, state, message, receipt, credits);
        }

        /** A result. A paid order stays paid, and another push changes nothing. A success counts after a failure too. */
        synchronized void settle(String callback) {
            boolean known = checkout.isEmpty() || checkout.equals(Json.field(callback, "CheckoutRequestID"));
            if (state.equals("paid") || state.equals("review") || !known) {
                return;
            }
            String code = Json.field(callback, "ResultCode");
            Matcher paid = PAID.matcher(callback);
            Matcher named = RECEIPT.matcher(callback);
            if (!code.equals("0")) {
                state = "failed";
                message = SAID.getOrDefault(code, "The payment did not work. You were not charged.");
            } else if (!paid.find() || Double.parseDouble(paid.group(1)) != amount) {
                state = "review";
                message = "We check your payment.";
            } else {
                state = "paid";
                message = "Paid. Thank you!";
                receipt = named.find() ? named.group(1) : "";
                credits += 1;
            }
        }
    }

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final Map<String, Order> orders = new ConcurrentHashMap<>();
    private final Map<String, String> settings;
    private final HttpServer server;

    /** `settings`: base_url, consumer_key, consumer_secret, short_code, passkey. */
    Shop(Map<String, String> settings) throws IOException {
        this.settings = settings;
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/orders", this::order);
        server.createContext("/callback/", this::callback);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void order(HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("GET")) {
            String path = exchange.getRequestURI().getPath();
            Order found = orders.get(path.substring(path.lastIndexOf('/') + 1));
            answer(exchange, found == null ? 404 : 200, found == null ? "{}" : found.shown());
            return;
        }
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Order order = new Order(Json.field(body, "phone"), Integer.parseInt(Json.field(body, "amount")));
        orders.put(order.id, order);
        String pushed = push(order);
        boolean accepted = Json.field(pushed, "ResponseCode").equals("0");
        // Without a clear answer M-Pesa may have taken the push: the order stays open until its callback comes.
        boolean refused = !accepted && REFUSAL.matcher(pushed).find();
        synchronized (order) {  // its callback may have come already
            order.checkout = Json.field(pushed, "CheckoutRequestID");
            if (refused) {
                order.state = "failed";
                order.message = "M-Pesa does not work at the moment. You were not charged.";
            } else if (!accepted && order.state.equals("pending")) {
                order.message = "We are checking your payment with M-Pesa.";
            }
        }
        answer(exchange, refused ? 503 : 201, order.shown());
    }

    private void callback(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = exchange.getRequestURI().getPath();
        for (Order order : orders.values()) {
            if (path.endsWith("/" + order.secret)) {
                order.settle(body);
            }
        }
        answer(exchange, 200, "{\"ResultCode\": 0, \"ResultDesc\": \"Accepted\"}");
    }

    private String push(Order order) throws IOException {
        String token = token();
        if (token.isEmpty()) {
            return "{\"errorCode\": \"no token\"}";
        }
        DateTimeFormatter digits = DateTimeFormatter.ofPattern("yyyyMMddHHmmss");
        String stamp = ZonedDateTime.now(ZoneId.of("Africa/Nairobi")).format(digits);
        String code = settings.get("short_code");
        String body = String.format("{\"BusinessShortCode\": \"%s\", \"Password\": \"%s\", \"Timestamp\": \"%s\", "
            + "\"TransactionType\": \"CustomerPayBillOnline\", \"Amount\": %d, \"PartyA\": \"%s\", \"PartyB\": \"%s\", "
            + "\"PhoneNumber\": \"%s\", \"CallBackURL\": \"%s/callback/%s\", \"AccountReference\": \"%s\", "
            + "\"TransactionDesc\": \"Order\"}",
            code, encoded(code + settings.get("passkey") + stamp), stamp, order.amount, order.msisdn, code, order.msisdn,
            url(), order.secret, order.id.substring(0, 8));
        return call("POST", "/mpesa/stkpush/v1/processrequest", "Bearer " + token, body);
    }

    private String token() throws IOException {
        String pair = settings.get("consumer_key") + ":" + settings.get("consumer_secret");
        String answer = call("GET", "/oauth/v1/generate?grant_type=client_credentials", "Basic " + encoded(pair), "");
        return Json.field(answer, "access_token");
    }

    /** The answer; empty where none came, and an errorCode where it is surely a refusal. */
    private String call(String method, String path, String authorization, String body) throws IOException {
        HttpRequest call = HttpRequest.newBuilder(URI.create(settings.get("base_url") + path))
            .timeout(Duration.ofSeconds(15))
            .header("Authorization", authorization).header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        try {
            HttpResponse<String> answer = http.send(call, HttpResponse.BodyHandlers.ofString());
            int status = answer.statusCode();
            boolean isRefusal = (status >= 400 && status < 500) || status == 503;
            return isRefusal ? "{\"errorCode\": \"HTTP " + status + "\"}" : answer.body();
        } catch (IOException lost) {
            return "";
        } catch (InterruptedException error) {
            throw new IOException(error);
        }
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
