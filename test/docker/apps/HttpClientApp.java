import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** An application of Java's: asks each address with GET and POST, prints what it was told. */
public final class HttpClientApp {
    public static void main(String[] bases) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String base : bases) {
            HttpRequest get = HttpRequest.newBuilder(URI.create(base + "/ores?page=3")).build();
            HttpRequest post = HttpRequest.newBuilder(URI.create(base + "/ores"))
                .POST(HttpRequest.BodyPublishers.ofString("hematite")).build();
            for (HttpRequest request : new HttpRequest[] {get, post}) {
                var answer = client.send(request, BodyHandlers.ofString());
                System.out.println(answer.statusCode() + " " + answer.body());
            }
        }
    }
}
