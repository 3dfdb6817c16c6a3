import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** One GET through the proxy of the system properties, with the trust store of the JDK. */
public class Get {
  public static void main(String[] args) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).build();
    System.out.println(
        HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode());
  }
}
