import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * The fake Daraja as a process of a test run. Copy this file and `Json.java`: they need Java 17 or newer, and `tayari`
 * on the path.
 */
final class Daraja implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final String ready;

    Daraja() throws IOException {
        process = new ProcessBuilder("tayari", "simulate", "--port", "0", "--control-port", "0")
            .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        ready = process.inputReader().readLine();
        if (ready == null) {
            throw new IOException("tayari simulate ended before it was ready");
        }
    }

    /** What the ready line says: daraja_url, control_url, consumer_key, ... */
    String ready(String name) {
        return Json.field(ready, name);
    }

    /** One call of the control API: its answer, as JSON. */
    String control(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest call = HttpRequest.newBuilder(URI.create(ready("control_url") + path))
            .header("Authorization", "Bearer " + ready("control_token"))
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<String> answer = http.send(call, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 400) {
            throw new IOException(answer.body());
        }
        return answer.body();
    }

    @Override
    public void close() {
        process.destroy();
    }
}
