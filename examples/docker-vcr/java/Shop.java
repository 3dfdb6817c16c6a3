import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/** A legacy service of Java: it calls an API with both clients of the JDK, and knows of no proxy. */
public final class Shop {
    private static final String API =
        System.getenv().getOrDefault("API_URL", "https://example.com");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> serve(exchange, Shop::modern));
        server.createContext("/order", exchange -> serve(exchange, Shop::classic));
        server.start();
    }

    interface Call {
        String answer() throws Exception;
    }

    private static void serve(HttpExchange exchange, Call call) throws IOException {
        int status = 200;
        String text;
        try {
            text = call.answer();
        } catch (Exception error) {
            error.printStackTrace();
            status = 502;
            text = error.toString();
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String modern() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(API + "/")).build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        return answer.statusCode() + " " + answer.body();
    }

    private static String classic() throws Exception {
        URI orders = URI.create(API + "/orders");
        HttpURLConnection connection = (HttpURLConnection) orders.toURL().openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        connection.getOutputStream().write("{\"metal\":\"iron\"}".getBytes(StandardCharsets.UTF_8));
        int status = connection.getResponseCode();
        var body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        String text = body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
        return status + " " + text;
    }
}
