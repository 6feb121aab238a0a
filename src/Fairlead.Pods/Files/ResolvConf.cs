using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Files;

/// <summary>What could not be written as the pod asks, as an Event says it.</summary>
internal readonly record struct ResolvConfProblem(string Reason, string Message);

/// <summary>A pod's resolv.conf, by kubelet's rules (dnsPolicy and dnsConfig), within its limits.</summary>
internal static class ResolvConf
{
    internal const int MaxNameservers = 3;
    internal const int MaxSearches = 32;
    internal const int MaxSearchCharacters = 2048;
    private const int MaxName = 253;

    /// <summary>Writes the file.</summary>
    /// <param name="pod">Whose.</param>
    /// <param name="clusterDns">Addresses of the cluster DNS.</param>
    /// <param name="domain">The cluster's zone.</param>
    /// <param name="host">The host's own file.</param>
    /// <param name="problems">What limits cut off, or what is not there to be written.</param>
    internal static string For(PodSpec pod, IReadOnlyList<IPAddress> clusterDns, string domain, string host, out IReadOnlyList<ResolvConfProblem> problems)
    {
        var found = new List<ResolvConfProblem>();
        problems = found;
        var (servers, searches, options) = Parse(host);
        var policy = pod.DnsPolicy == "ClusterFirst" && pod.HostNetwork ? "Default" : pod.DnsPolicy;
        if (policy == "None")
        {
            (servers, searches, options) = ([], [], []);
        }
        else if (policy is "ClusterFirst" or "ClusterFirstWithHostNet" && clusterDns.Count == 0)
        {
            found.Add(new("MissingClusterDNS", $"there is no cluster DNS, which policy \"{policy}\" of pod {pod.Key} asks for: falling back to \"Default\""));
        }
        else if (policy is "ClusterFirst" or "ClusterFirstWithHostNet")
        {
            servers = [.. clusterDns.Select(address => address.ToString())];
            searches = [$"{pod.Namespace}.svc.{domain}", $"svc.{domain}", domain, .. searches];
            options = ["ndots:5"];
        }

        Merge(pod.DnsConfig, servers, searches, options);
        searches = [.. searches.Distinct(StringComparer.Ordinal)];
        Limit(servers, searches, found);
        var lines = new List<string>();
        if (searches.Count > 0)
        {
            lines.Add("search " + string.Join(' ', searches));
        }

        lines.AddRange(servers.Select(server => $"nameserver {server}"));
        if (options.Count > 0)
        {
            lines.Add("options " + string.Join(' ', options));
        }

        return string.Concat(lines.Select(line => line + "\n"));
    }

    private static (List<string> Servers, List<string> Searches, List<string> Options) Parse(string text)
    {
        List<string> servers = [], searches = [], options = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..]:
                    servers.Add(server);
                    break;
                case ["search", ..]:
                    searches = [.. words[1..]];
                    break;
                case ["options", ..]:
                    options.AddRange(words[1..]);
                    break;
            }
        }

        return (servers, searches, options);
    }

    private static void Merge(JsonObject? config, List<string> servers, List<string> searches, List<string> options)
    {
        servers.AddRange(config.Texts("nameservers").Where(server => !servers.Contains(server)));
        searches.AddRange(config.Texts("searches").Where(search => !searches.Contains(search)));
        foreach (var option in config.Objects("options"))
        {
            var name = option.Text("name");
            var value = option.Text("value");
            options.RemoveAll(other => other == name || other.StartsWith(name + ":", StringComparison.Ordinal));
            options.Add(value.Length > 0 ? $"{name}:{value}" : name);
        }
    }

    private static void Limit(List<string> servers, List<string> searches, List<ResolvConfProblem> found)
    {
        var asked = searches.Count;

        // Longer names make some resolvers abort.
        searches.RemoveAll(search => search.Length > MaxName);
        while (searches.Count > MaxSearches || searches.Sum(search => search.Length + 1) - 1 > MaxSearchCharacters)
        {
            searches.RemoveAt(searches.Count - 1);
        }

        if (searches.Count < asked)
        {
            found.Add(new(
                "DNSConfigForming", $"Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {string.Join(' ', searches)}"));
        }

        if (servers.Count > MaxNameservers)
        {
            servers.RemoveRange(MaxNameservers, servers.Count - MaxNameservers);
            found.Add(new(
                "DNSConfigForming", $"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {string.Join(' ', servers)}"));
        }
    }
}
