import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks for a page over both of Java's clients, with nothing but Java's own trust: port of the proxy, URL. */
public class Trust {
  interface Asking {
    String ask() throws Exception;
  }

  public static void main(String[] arguments) {
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
    ProxySelector proxy = ProxySelector.of(address);
    ProxySelector.setDefault(proxy);
    URI uri = URI.create(arguments[1]);
    say("HttpURLConnection", () -> {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      return new String(connection.getInputStream().readAllBytes());
    });
    say("HttpClient", () -> {
      HttpClient client = HttpClient.newBuilder().proxy(proxy).build();
      return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
    });
  }

  static void say(String client, Asking asking) {
    String said;
    try {
      said = asking.ask().contains("BEGIN CERTIFICATE") ? "trusts" : "got something else";
    } catch (javax.net.ssl.SSLHandshakeException refused) {
      said = "refuses";
    } catch (Exception other) {
      said = other.toString();
    }
    System.out.println(client + " " + said);
  }
}
