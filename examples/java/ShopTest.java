import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each test pays from a number of its own: that is how they can share one simulator. */
class ShopTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static Daraja daraja;
    private static Shop shop;

    @BeforeAll
    static void start() throws Exception {
        daraja = new Daraja();
        shop = new Shop(Map.of(
            "base_url", daraja.ready("daraja_url"), "consumer_key", daraja.ready("consumer_key"),
            "consumer_secret", daraja.ready("consumer_secret"), "short_code", daraja.ready("short_code"),
            "passkey", daraja.ready("passkey")));
    }

    @AfterAll
    static void stop() {
        shop.close();
        daraja.close();
    }

    @Test
    void aPaymentThatSucceedsIsCreditedOnceWithItsReceipt() throws Exception {
        String id = Json.field(pay("254711000031"), "id");
        calledBack("254711000031", 1);

        String found = order(id);
        assertEquals("paid", Json.field(found, "state"));
        assertEquals("1", Json.field(found, "credits"));
        assertTrue(Json.field(found, "receipt").matches("[A-Z0-9]{10}"), found);
    }

    @Test
    void aCustomerWithoutTheMoneyIsToldSo() throws Exception {
        play("payment/insufficient-funds", "254711000032");
        String id = Json.field(pay("254711000032"), "id");
        calledBack("254711000032", 1);

        String found = order(id);
        assertEquals("failed", Json.field(found, "state"));
        assertTrue(found.contains("balance is too low"), found);
    }

    @Test
    void aSuccessThatArrivesTwiceCreditsOnce() throws Exception {
        play("callbacks/duplicate", "254711000033");
        String id = Json.field(pay("254711000033"), "id");
        calledBack("254711000033", 2);

        assertEquals("1", Json.field(order(id), "credits"));
    }

    @Test
    void aPushThatDarajaRefusesChargesNobody() throws Exception {
        play("service/system-busy", "254711000034");

        assertTrue(pay("254711000034").contains("not charged"));
        assertEquals("{\"payments\":[]}", daraja.control("GET", "/v1/payments?msisdn=254711000034", ""));
    }

    @Test
    void aLostAnswerIsNoFailureAndItsCallbackPays() throws Exception {
        Map<String, String> phones = Map.of("ack/lost", "254711000035", "ack/gateway-timeout", "254711000037");
        for (Map.Entry<String, String> row : phones.entrySet()) {
            play(row.getKey(), row.getValue());
            String started = pay(row.getValue());
            calledBack(row.getValue(), 1);

            assertFalse(started.contains("not charged"), started);
            assertEquals("paid", Json.field(order(Json.field(started, "id")), "state"));
        }
    }

    @Test
    void aSuccessAfterAFailureIsHonoured() throws Exception {
        play("callbacks/success-after-failure", "254711000036");
        String id = Json.field(pay("254711000036"), "id");
        calledBack("254711000036", 2);

        assertEquals("paid", Json.field(order(id), "state"));
    }

    private static void play(String scenario, String msisdn) throws Exception {
        String next = String.format("{\"scenario\": \"%s\", \"msisdn\": \"%s\"}", scenario, msisdn);
        daraja.control("POST", "/v1/next", next);
    }

    /** Waits, without sleeping, until the shop has answered this many callbacks of this number's payment. */
    private static void calledBack(String msisdn, int count) throws Exception {
        String wait = String.format(
            "{\"for\": \"callback_answered\", \"msisdn\": \"%s\", \"count\": %d, \"timeout_s\": 20}", msisdn, count);
        assertEquals("true", Json.field(daraja.control("POST", "/v1/wait", wait), "met"));
    }

    private static String pay(String phone) throws Exception {
        String body = String.format("{\"phone\": \"%s\", \"amount\": 150}", phone);
        return call(HttpRequest.newBuilder(URI.create(shop.url() + "/orders"))
            .POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    private static String order(String id) throws Exception {
        return call(HttpRequest.newBuilder(URI.create(shop.url() + "/orders/" + id)).build());
    }

    private static String call(HttpRequest request) throws Exception {
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
}
