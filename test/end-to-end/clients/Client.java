import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.HexFormat;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The JDK's HTTP client through the proxy. Arguments: proxy port, CA file, base URLs. */
public class Client {
  static HttpClient client;

  public static void main(String[] args) throws Exception {
    // Its default is HTTP/2: over plain HTTP it asks to upgrade, over TLS it offers h2 first.
    client =
        HttpClient.newBuilder()
            .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0]))))
            .sslContext(trusting(args[1]))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    for (int at = 2; at < args.length; at++) {
      if (args[at].startsWith("nginx+")) {
        String base = args[at].substring("nginx+".length());
        show(HttpRequest.newBuilder(URI.create(base + "/hello.txt?by=java")));
        show(HttpRequest.newBuilder(URI.create(base + "/moved?by=java")));
        show(HttpRequest.newBuilder(URI.create(base + "/bytes.bin?by=java")));
      } else {
        String base = args[at];
        show(HttpRequest.newBuilder(URI.create(base + "/a?by=java")));
        show(HttpRequest.newBuilder(URI.create(base + "/a?by=java")));
        show(HttpRequest.newBuilder(URI.create(base + "/chunked?by=java")));
        show(
            HttpRequest.newBuilder(URI.create(base + "/post?by=java"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"from\":\"java\"}")));
        show(
            HttpRequest.newBuilder(URI.create(base + "/put?by=java"))
                .version(HttpClient.Version.HTTP_1_1)
                .PUT(BodyPublishers.ofByteArray(new byte[100_000])));
      }
    }
  }

  static void show(HttpRequest.Builder request) throws Exception {
    HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(response.body());
    System.out.println(response.version() + " " + response.statusCode() + " " + response.uri());
    System.out.println(response.headers().map());
    System.out.println(response.body().length + " " + HexFormat.of().formatHex(digest));
  }

  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream input = new FileInputStream(file)) {
      store.setCertificateEntry(
          "magneto", CertificateFactory.getInstance("X.509").generateCertificate(input));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
