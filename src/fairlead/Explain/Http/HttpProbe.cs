using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Hosting;

namespace Fairlead.Explain.Http;

/// <summary>Sends the request that was explained, from here to where its Ingress is said to be reached, and says whether it met what was explained.</summary>
internal static class HttpProbe
{
    // Longer than an endpoint that does not answer may take to be given up, thrice.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private const int MostRead = 4096;

    /// <summary>Sends and compares.</summary>
    public static async Task<ProbeFinding> SendAsync(HttpExplanation told, TimeProvider time, CancellationToken cancellationToken)
    {
        if (told.Addresses.Count == 0)
        {
            return new ProbeFinding(told.IsTaken ? null : true, "no request was sent: neither the Ingress' status nor a Service says at which address");
        }

        return Compare(told, await AskAsync(told.Url, told.Addresses[0], time, cancellationToken));
    }

    /// <summary>Whether an answer is what was explained. Pure.</summary>
    internal static ProbeFinding Compare(HttpExplanation told, HttpAnswer answer)
    {
        var words = $"GET {told.Url} at {answer.Address} {Text(answer)}";
        if (answer.Code == 0)
        {
            return new ProbeFinding(!told.IsTaken, words);
        }

        if (told.Certificate is { Subject.Length: > 0 } certificate && answer.Certificate != certificate.Subject)
        {
            return new ProbeFinding(false, $"{words}; the certificate was to be {certificate.Subject}");
        }

        var (agrees, expected) = !told.IsTaken ? (false, "no answer was explained")
            : told.Answer.Location.Length > 0 ? (answer.Code == told.Answer.Code && answer.Location == told.Answer.Location, $"{told.Answer.Code} to {told.Answer.Location} was explained")
            : told.Answer.Code > 0 ? (answer.Code == told.Answer.Code, string.Create(CultureInfo.InvariantCulture, $"{told.Answer.Code} was explained"))
            : OfEndpoint(told, answer);
        return new ProbeFinding(agrees, agrees == true ? words : $"{words}; {expected}");
    }

    private static (bool? Agrees, string Expected) OfEndpoint(HttpExplanation told, HttpAnswer answer)
    {
        var isUnreached = answer.Code is 502 or 504;
        if (told.Ways.Count > 0 && told.OpenWays == 0)
        {
            return (isUnreached, "502 or 504 was explained, as no endpoint can be reached");
        }

        if (told.OpenWays < told.Ways.Count)
        {
            return (!IsOwn(answer), "an endpoint's answer was explained");
        }

        return OptionWords.MayAnswerItself(told.Answer.Route!.Options) && answer.Code is 302 or 401 or 403 or 503
            ? (null, "that may be the answer of a guard of the Ingress, or the endpoint's")
            : (!isUnreached && !IsOwn(answer), "an endpoint's answer was explained");
    }

    /// <summary>The answer is the controller's and no endpoint's.</summary>
    private static bool IsOwn(HttpAnswer answer) => answer.Body.TrimEnd('\n') is OwnAnswers.NoRule or OwnAnswers.Guarded or OwnAnswers.NothingReady;

    private static string Text(HttpAnswer answer)
    {
        var certificate = answer.Certificate.Length > 0 ? $", by certificate {answer.Certificate}" : "";
        return answer.Code == 0 ? $"was not answered: {answer.Fault}{certificate}"
            : string.Create(CultureInfo.InvariantCulture, $"was answered {answer.Code}{(answer.Location.Length > 0 ? $" to {answer.Location}" : "")}{(IsOwn(answer) ? $" ({answer.Body.TrimEnd('\n')})" : "")}{certificate}");
    }

    private static async Task<HttpAnswer> AskAsync(Uri url, string address, TimeProvider time, CancellationToken cancellationToken)
    {
        var (at, certificate) = ($"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{url.Port}", "");
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = (_, token) => ConnectAsync(address, url.Port, token),
            SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = url.IdnHost,

                // Who vouches for it is not the question: which one is shown is.
                RemoteCertificateValidationCallback = (_, shown, _, _) => (certificate = shown?.Subject ?? "") is not null,
            },
        };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, both.Token);
            var location = response.Headers.TryGetValues("Location", out var values) ? string.Join(", ", values) : "";
            return new HttpAnswer(at, (int)response.StatusCode, location, await BeginningAsync(response, both.Token), certificate, "");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new HttpAnswer(at, 0, "", "", certificate, (e.InnerException ?? e).Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HttpAnswer(at, 0, "", "", certificate, string.Create(CultureInfo.InvariantCulture, $"nothing came within {Limit.TotalSeconds} s"));
        }
    }

    private static async Task<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MostRead];
        var length = await body.ReadAtLeastAsync(buffer, response.IsSuccessStatusCode ? 1 : MostRead, throwOnEndOfStream: false, cancellationToken);
        return System.Text.Encoding.UTF8.GetString(buffer.AsSpan(0, length));
    }

    private static async ValueTask<Stream> ConnectAsync(string address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(address, port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
