using System.Net;

namespace Fairlead.OneMachine;

/// <summary>The host's resolvers, from its resolv.conf (resolv.conf(5)), read anew when the file has changed.</summary>
internal sealed class HostResolvers
{
    private const string ResolvConf = "/etc/resolv.conf";

    /// <summary>Where systemd-resolved keeps the servers behind its stub (systemd-resolved.service(8)).</summary>
    private const string ResolvedServers = "/run/systemd/resolve/resolv.conf";

    private readonly Lock _gate = new();
    private IReadOnlyList<IPEndPoint> _servers = [];
    private DateTime _read;

    /// <summary>The resolvers as of now, at most three; empty when the host has none.</summary>
    public IReadOnlyList<IPEndPoint> Current()
    {
        lock (_gate)
        {
            var changed = File.GetLastWriteTimeUtc(ResolvConf);
            if (changed != _read)
            {
                _read = changed;
                _servers = Parse(Text());
            }

            return _servers;
        }
    }

    /// <summary>The file that counts: the servers behind systemd-resolved's stub when resolv.conf names only the stub.</summary>
    public static string Text()
    {
        var text = Read(ResolvConf);
        return Parse(text) is [{ Address: var only }] && only.Equals(IPAddress.Parse("127.0.0.53")) && File.Exists(ResolvedServers)
            ? Read(ResolvedServers)
            : text;
    }

    /// <summary>The servers that a resolv.conf names, the first three as the C library takes them.</summary>
    internal static IReadOnlyList<IPEndPoint> Parse(string text) =>
    [
        .. text.Split('\n')
            .Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(words => words is ["nameserver", _, ..])
            .Select(words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, 53) : null)
            .OfType<IPEndPoint>()
            .Take(3),
    ];

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
