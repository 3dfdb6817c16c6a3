using System;
using System.Net.Http;

// HttpClient, as Mono has it: prints what the address answers.
public static class Ask
{
    public static void Main(string[] words)
    {
        var answer = new HttpClient().GetAsync(words[0]).Result;
        Console.WriteLine((int)answer.StatusCode + " " + answer.Content.ReadAsStringAsync().Result);
    }
}
