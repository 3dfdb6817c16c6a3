import okhttp3.OkHttpClient;
import okhttp3.Request;

/** OkHttp: prints what the address answers. */
public final class AskOkHttp {
    public static void main(String[] words) throws Exception {
        Request request = new Request.Builder().url(words[0]).build();
        try (var answer = new OkHttpClient().newCall(request).execute()) {
            System.out.println(answer.code() + " " + answer.body().string());
        }
        System.exit(0);
    }
}
