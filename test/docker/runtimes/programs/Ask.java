import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Both clients of the JDK: prints what the address answers. */
public final class Ask {
    public static void main(String[] words) throws Exception {
        URI address = URI.create(words[1]);
        if (words[0].equals("HttpClient")) {
            var request = HttpRequest.newBuilder(address).build();
            var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        } else {
            var connection = (HttpURLConnection) address.toURL().openConnection();
            String body = new String(connection.getInputStream().readAllBytes());
            System.out.println(connection.getResponseCode() + " " + body);
        }
    }
}
