using System.Net;

namespace Fairlead.Dns.Forward;

/// <summary>The name servers a host uses.</summary>
public static class HostResolvers
{
    /// <summary>The host's configuration (resolv.conf(5)).</summary>
    public const string ResolvConf = "/etc/resolv.conf";

    /// <summary>Where systemd-resolved keeps the servers behind its stub.</summary>
    public const string SystemdResolvConf = "/run/systemd/resolve/resolv.conf";

    private const int MaxServers = 15;
    private const int MaxText = 1 << 16;
    private const int DnsPort = 53;

    /// <summary>
    /// Reads the host's name servers, those behind systemd-resolved's stub if that is what the host names; at most 15. Null: resolv.conf is not readable.
    /// </summary>
    public static IReadOnlyList<IPEndPoint>? Read(string resolvConf = ResolvConf, string systemdResolvConf = SystemdResolvConf) =>
        ReadText(resolvConf) is { } text ? Choose(text, ReadText(systemdResolvConf) ?? "") : null;

    /// <summary>As <see cref="Read"/>, from the texts of the two files.</summary>
    public static IReadOnlyList<IPEndPoint> Choose(string resolvConf, string systemdResolvConf)
    {
        var servers = Parse(resolvConf);

        // The stub listens on 127.0.0.53 and .54 of the host's own namespace only, where nobody else can reach it.
        return IsStub(servers) && Parse(systemdResolvConf) is { Count: > 0 } behind ? behind : servers;
    }

    /// <summary>The search domains of the file that <see cref="Read"/> takes the servers from: what pods inherit. The last line of several holds.</summary>
    public static IReadOnlyList<string> ReadSearches(string resolvConf = ResolvConf, string systemdResolvConf = SystemdResolvConf)
    {
        var text = ReadText(resolvConf) ?? "";
        return Searches(IsStub(Parse(text)) && ReadText(systemdResolvConf) is { } behind && Parse(behind).Count > 0 ? behind : text);
    }

    private static bool IsStub(List<IPEndPoint> servers) => servers.All(server => server.Address.ToString() is "127.0.0.53" or "127.0.0.54");

    private static string[] Searches(string text) =>
        text.Split('\n').Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)).LastOrDefault(words => words is ["search", ..])?[1..] ?? [];

    private static List<IPEndPoint> Parse(string text) =>
    [
        .. text.Split('\n')
            .Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length >= 2 && words[0] == "nameserver")
            .Select(words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, DnsPort) : null)
            .OfType<IPEndPoint>()
            .Take(MaxServers),
    ];

    private static string? ReadText(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var text = new char[MaxText];
            return new string(text, 0, reader.ReadBlock(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
